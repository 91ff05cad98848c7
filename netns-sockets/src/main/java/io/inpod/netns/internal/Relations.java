package io.inpod.netns.internal;

import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.UserNamespace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalInt;

/** What a network namespace is to others: who owns it, see ioctl_ns(2), and its id in another one, see rtnetlink(7). */
public final class Relations {
    private static final int RTM_GETNSID = 90;
    private static final int NETNSA_NSID = 1;
    private static final int NETNSA_FD = 3;
    private static final int FIXED = 4;

    private Relations() {}

    /** The user namespace that owns a namespace, or that of the same name if the descriptor is one of a user namespace. */
    public static UserNamespace owner(int namespace, Object subject) throws IOException {
        int owner = Native.check(Native.LIBC.ioctl(namespace, Constants.NS_GET_USERNS, 0), "ioctl(NS_GET_USERNS)", subject);
        try {
            return userNamespace(owner, subject);
        } finally {
            Native.LIBC.close(owner);
        }
    }

    /** What an open user namespace is. */
    public static UserNamespace userNamespace(int fd, Object subject) throws IOException {
        ByteBuffer uid = Native.buffer(4);
        Native.check(Native.LIBC.ioctl(fd, Constants.NS_GET_OWNER_UID, uid), "ioctl(NS_GET_OWNER_UID)", subject);
        NamespaceIdentity identity = NamespaceFile.identity(fd);
        return new UserNamespace(identity.device(), identity.inode(), uid.getInt(0) & 0xffffffffL);
    }

    /** The id of a namespace in the one that a routing socket was made in; empty if it has none there. */
    public static OptionalInt id(int socket, int namespace, Object subject) throws IOException {
        // rtgenmsg, padded to 4 bytes; then the attribute NETNSA_FD: length 8, type, descriptor
        ByteBuffer body = Native.buffer(FIXED + 8).putShort(4, (short) 8).putShort(6, (short) NETNSA_FD).putInt(8, namespace);
        NetlinkQuery.Answer answer = NetlinkQuery.ask(socket, RTM_GETNSID, body, subject);
        if (answer.errno() > 0) {
            throw Native.failure("RTM_GETNSID", subject, answer.errno());
        }
        ByteBuffer payload = answer.payload();
        for (int at = FIXED; at + 8 <= payload.limit(); at += Math.max(4, (payload.getShort(at) + 3) & 0xfffc)) {
            if (payload.getShort(at + 2) == NETNSA_NSID) {
                int id = payload.getInt(at + 4);
                return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
            }
        }
        return OptionalInt.empty();
    }
}
