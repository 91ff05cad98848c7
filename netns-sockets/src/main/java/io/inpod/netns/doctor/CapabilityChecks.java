package io.inpod.netns.doctor;

import io.inpod.netns.NamespaceBody;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.NetlinkQuery;
import io.inpod.netns.internal.NetlinkStructs.Ifinfomsg;
import io.inpod.netns.internal.NetlinkStructs.Nfgenmsg;
import io.inpod.netns.internal.NetlinkStructs.Nlattr;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** How each {@link Capability} is tried; each returns an errno, 0 if it works. */
final class CapabilityChecks {
    private static final int NETLINK_ROUTE = 0;
    private static final int NETLINK_NETFILTER = 12;
    private static final int RTM_DELLINK = 17;
    private static final int NFT_MSG_GETGEN = 10 << 8 | 16;
    private static final int NFNL_MSG_COMPAT_GET = 11 << 8;
    private static final int IPT_SO_GET_REVISION_TARGET = 67;
    private static final int EXTENSION_NAME_BYTES = 29;

    /** linux/netfilter/nf_tables_compat.h. */
    private static final int NFTA_COMPAT_NAME = 1;

    private static final int NFTA_COMPAT_REV = 2;
    private static final int NFTA_COMPAT_TYPE = 3;
    private static final int COMPAT_ATTRIBUTES_BYTES = 64; // enough for every name
    private static final int SYS_IO_URING_SETUP = 425;
    private static final int EPERM = 1;
    private static final int ENODEV = 19;
    private static final int EFAULT = 14;
    private static final int EINVAL = 22;

    private CapabilityChecks() {}

    static int enter(NetworkNamespace namespace) throws IOException {
        namespace.run(() -> {});
        return 0;
    }

    static int create(NetworkNamespace namespace) throws IOException {
        NetworkNamespace.create().close();
        return 0;
    }

    /** Deletes a link that can't exist: the kernel checks the privilege first. */
    static int configure(NetworkNamespace namespace) throws IOException {
        ByteBuffer request = Native.buffer(Ifinfomsg.STRUCT.size());
        Ifinfomsg.INDEX.put(request, 0, Integer.MAX_VALUE);
        int errno = netlink(namespace, NETLINK_ROUTE, RTM_DELLINK, request);
        return errno == ENODEV ? 0 : errno;
    }

    static int raw(NetworkNamespace namespace) throws IOException {
        return withSocket(namespace, Constants.AF_PACKET, Constants.SOCK_RAW, 0, socket -> 0); // protocol 0: receives nothing
    }

    static int mark(NetworkNamespace namespace) throws IOException {
        return option(namespace, Constants.AF_INET, Constants.SOL_SOCKET, Constants.SO_MARK);
    }

    static int transparent4(NetworkNamespace namespace) throws IOException {
        return option(namespace, Constants.AF_INET, Constants.SOL_IP, Constants.IP_TRANSPARENT);
    }

    static int transparent6(NetworkNamespace namespace) throws IOException {
        return option(namespace, Constants.AF_INET6, Constants.SOL_IPV6, Constants.IPV6_TRANSPARENT);
    }

    /** A process of several threads, as a JVM always is, can't enter a user namespace: EINVAL says that no filter forbids it. */
    static int userNamespaces(NetworkNamespace namespace) {
        int errno = errno(Native.LIBC.unshare(Constants.CLONE_NEWUSER));
        if (errno == EINVAL && Files.exists(Path.of("/proc/self/ns/user"))) {
            return Sysctls.forbidsUserNamespaces().isPresent() ? EPERM : 0;
        }
        return errno;
    }

    /** Without parameters: EFAULT says that they would have been read. */
    static int ioUring(NetworkNamespace namespace) {
        int errno = errno(Native.LIBC.syscall(SYS_IO_URING_SETUP, 1, 0, 0));
        return errno == EFAULT ? 0 : errno;
    }

    static int nfTables(NetworkNamespace namespace) throws IOException {
        return netlink(namespace, NETLINK_NETFILTER, NFT_MSG_GETGEN, Native.buffer(Nfgenmsg.STRUCT.size()));
    }

    /** Asks for a revision of a target, as iptables-nft does: the target's name, its revision, and 1 for "a target, not a match". */
    static int extension(NetworkNamespace namespace, String name, int revision) throws IOException {
        ByteBuffer body = Native.buffer(Nfgenmsg.STRUCT.size() + COMPAT_ATTRIBUTES_BYTES);
        Nfgenmsg.FAMILY.put(body, 0, Constants.AF_INET);
        body.position(Nfgenmsg.STRUCT.size());
        attribute(body, NFTA_COMPAT_NAME, (name + '\0').getBytes(StandardCharsets.US_ASCII));
        attribute(body, NFTA_COMPAT_REV, networkOrder(revision));
        attribute(body, NFTA_COMPAT_TYPE, networkOrder(1));
        ByteBuffer exact = Native.buffer(body.position()).put(0, body, 0, body.position());
        return netlink(namespace, NETLINK_NETFILTER, NFNL_MSG_COMPAT_GET, exact);
    }

    private static void attribute(ByteBuffer to, int type, byte[] value) {
        int at = to.position();
        int length = Nlattr.STRUCT.size() + value.length;
        Nlattr.LENGTH.put(to, at, length);
        Nlattr.TYPE.put(to, at, type);
        to.put(at + Nlattr.STRUCT.size(), value).position(at + (length + 3 & ~3));
    }

    private static byte[] networkOrder(int value) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(value).array();
    }

    /** Asks for a revision of a target, which unlike asking for a table doesn't create one. */
    static int legacy(NetworkNamespace namespace) throws IOException {
        return withSocket(namespace, Constants.AF_INET, Constants.SOCK_DGRAM, 0, socket -> {
            ByteBuffer request = Native.buffer(EXTENSION_NAME_BYTES + 1).put(0, "ERROR".getBytes(StandardCharsets.US_ASCII));
            ByteBuffer length = Native.buffer(4).putInt(0, request.capacity());
            return errno(Native.LIBC.getsockopt(socket, Constants.SOL_IP, IPT_SO_GET_REVISION_TARGET, request, length));
        });
    }

    private static int netlink(NetworkNamespace namespace, int protocol, int type, ByteBuffer body) throws IOException {
        return withSocket(namespace, Constants.AF_NETLINK, Constants.SOCK_RAW, protocol,
                socket -> NetlinkQuery.ask(socket, type, body, namespace).errno());
    }

    private static int option(NetworkNamespace namespace, int family, int level, int name) throws IOException {
        return withSocket(namespace, family, Constants.SOCK_DGRAM, 0,
                socket -> errno(Native.LIBC.setsockopt(socket, level, name, Native.buffer(4).putInt(0, 1), 4)));
    }

    private static int withSocket(NetworkNamespace namespace, int family, int type, int protocol, Use use) throws IOException {
        NamespaceBody<Integer, RuntimeException> make = () -> {
            int made = Native.LIBC.socket(family, type | Constants.SOCK_CLOEXEC, protocol);
            return made < 0 ? -Native.errno() : made;
        };
        int socket = isHere(namespace) ? make.call() : namespace.call(make);
        if (socket < 0) {
            return -socket;
        }
        try {
            return use.of(socket);
        } finally {
            Native.LIBC.close(socket);
        }
    }

    /** Where the thread is already it may do what it can't elsewhere, for want of the right to switch. */
    private static boolean isHere(NetworkNamespace namespace) throws IOException {
        try (NetworkNamespace here = NetworkNamespace.current()) {
            return here.equals(namespace);
        }
    }

    @FunctionalInterface
    private interface Use {
        int of(int socket) throws IOException;
    }

    private static int errno(long result) {
        return result < 0 ? Native.errno() : 0;
    }
}
