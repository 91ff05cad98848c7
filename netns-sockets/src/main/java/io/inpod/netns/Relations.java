package io.inpod.netns;

import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * How a network namespace relates to others: the user namespace that owns it, see ioctl_nsfs(2), and the sockets that were created in it.
 */
final class Relations {
    private static final long SIOCGSKNS = 0x894c;

    private Relations() {}

    /** The user namespace that owns a namespace. */
    static UserNamespace owningUserNamespace(int namespace, Object subject) throws IOException {
        int owning = Native.check(Native.LIBC.ioctl(namespace, Constants.NS_GET_USERNS, 0), "ioctl(NS_GET_USERNS)", subject);
        try {
            return userNamespace(owning, subject);
        } finally {
            Native.LIBC.close(owning);
        }
    }

    /** Identity and creator of an open user namespace. */
    private static UserNamespace userNamespace(int fd, Object subject) throws IOException {
        ByteBuffer uid = Native.buffer(4);
        Native.check(Native.LIBC.ioctl(fd, Constants.NS_GET_OWNER_UID, uid), "ioctl(NS_GET_OWNER_UID)", subject);
        NamespaceIdentity identity = NamespaceFile.identity(fd);
        return new UserNamespace(identity.device(), identity.inode(), uid.getInt(0) & 0xffffffffL);
    }

    /**
     * The network namespace in which a socket of this process was created, see SIOCGSKNS in linux/sockios.h; null if the kernel refuses.
     */
    static @Nullable NamespaceIdentity ofSocket(int socket) {
        int namespace = Native.LIBC.ioctl(socket, SIOCGSKNS, 0);
        if (namespace < 0) {
            return null;
        }
        try {
            return NamespaceFile.identity(namespace);
        } catch (IOException e) {
            return null;
        } finally {
            Native.LIBC.close(namespace);
        }
    }
}
