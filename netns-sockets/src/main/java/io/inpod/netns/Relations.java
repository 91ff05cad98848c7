package io.inpod.netns;

import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.NetlinkQuery;
import io.inpod.netns.internal.NetlinkStructs.Nlattr;
import io.inpod.netns.internal.NetlinkStructs.Rtgenmsg;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** What a network namespace is to others: who owns it, see ioctl_ns(2), and its id in another one, see rtnetlink(7). */
final class Relations {
    private static final long SIOCGSKNS = 0x894c;
    private static final int RTM_GETNSID = 90;
    private static final int NETNSA_NSID = 1;
    private static final int NETNSA_FD = 3;
    private static final int ATTRIBUTE_BYTES = Nlattr.STRUCT.size() + Integer.BYTES;

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

    /** The network namespace that a socket of this process was made in, see SIOCGSKNS in linux/sockios.h; null if it may not be asked. */
    public static @Nullable NamespaceIdentity ofSocket(int socket) {
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

    /** The id of a namespace in the one that a routing socket was made in; empty if it has none there. */
    public static OptionalInt id(int socket, int namespace, Object subject) throws IOException {
        int fixed = align(Rtgenmsg.STRUCT.size());
        ByteBuffer body = Native.buffer(fixed + ATTRIBUTE_BYTES).putInt(fixed + Nlattr.STRUCT.size(), namespace);
        Nlattr.LENGTH.put(body, fixed, ATTRIBUTE_BYTES);
        Nlattr.TYPE.put(body, fixed, NETNSA_FD);
        NetlinkQuery.Answer answer = NetlinkQuery.ask(socket, RTM_GETNSID, body, subject);
        if (answer.errno() > 0) {
            throw Native.failure("RTM_GETNSID", subject, answer.errno());
        }
        ByteBuffer payload = answer.payload();
        for (int at = fixed; at + ATTRIBUTE_BYTES <= payload.limit(); at += Math.max(Nlattr.STRUCT.size(), align(Nlattr.LENGTH.get(payload, at)))) {
            if (Nlattr.TYPE.get(payload, at) == NETNSA_NSID) {
                int id = payload.getInt(at + Nlattr.STRUCT.size());
                return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
            }
        }
        return OptionalInt.empty();
    }

    /** NLMSG_ALIGN. */
    private static int align(int length) {
        return (length + 3) & ~3;
    }
}
