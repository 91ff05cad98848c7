package io.inpod.netns.doctor;

import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.NetlinkRequest;
import io.inpod.netlink.NetlinkSocket;
import io.inpod.netlink.Nfnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NamespaceBody;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** How each {@link Capability} is tried. Each check returns an errno, 0 if it works. */
final class CapabilityChecks {
    private static final int RTM_DELLINK = 17;
    private static final int NFNL_SUBSYS_NFTABLES = 10;
    private static final int NFT_MSG_GETGEN = 16;
    private static final int NFNL_SUBSYS_NFT_COMPAT = 11;
    private static final int NFNL_MSG_COMPAT_GET = 0;

    /** linux/netfilter/nf_tables_compat.h. */
    private static final int NFTA_COMPAT_NAME = 1;

    private static final int NFTA_COMPAT_REV = 2;
    private static final int NFTA_COMPAT_TYPE = 3;
    private static final int TARGET = 1;

    private static final int IPT_SO_GET_REVISION_TARGET = 67;
    private static final int EXTENSION_NAME_BYTES = 29;
    private static final int SYS_IO_URING_SETUP = 425;
    private static final int EPERM = 1;
    private static final int ENODEV = 19;
    private static final int EFAULT = 14;
    private static final int EINVAL = 22;

    private CapabilityChecks() {}

    /** The namespace that the thread is in needn't be entered, but whether that would be possible says whether others can be. */
    static int enter(NetworkNamespace namespace) throws IOException {
        if (!isCurrent(namespace)) {
            namespace.run(() -> {});
            return 0;
        }
        int number = namespace.fd().acquire();
        try {
            return errno(Native.LIBC.setns(number, Constants.CLONE_NEWNET));
        } finally {
            namespace.fd().release();
        }
    }

    static int create(NetworkNamespace namespace) throws IOException {
        NetworkNamespace.create().close();
        return 0;
    }

    /** Deletes a link that can't exist: the kernel checks the privilege first. */
    static int configure(NetworkNamespace namespace) throws IOException {
        NetlinkRequest request = new NetlinkRequest("delete link", "index " + Integer.MAX_VALUE, RTM_DELLINK, 0)
                .u8(0).u8(0).u16(0).u32(Integer.MAX_VALUE).u32(0).u32(0); // struct ifinfomsg: family, padding, type, index, flags, change
        int errno = netlink(namespace, NetlinkSocket.ROUTE, request);
        return errno == ENODEV ? 0 : errno;
    }

    static int raw(NetworkNamespace namespace) throws IOException {
        return withSocket(namespace, Constants.AF_PACKET, Constants.SOCK_RAW, socket -> 0); // protocol 0: receives nothing
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

    /** A process with several threads, as every JVM is, can't enter a user namespace: EINVAL shows that no filter forbids it. */
    static int userNamespaces(NetworkNamespace namespace) {
        int errno = errno(Native.LIBC.unshare(Constants.CLONE_NEWUSER));
        if (errno == EINVAL && Files.exists(Path.of("/proc/self/ns/user"))) {
            return Sysctls.forbidsUserNamespaces().isPresent() ? EPERM : 0;
        }
        return errno;
    }

    /** Passes no parameters: EFAULT shows that the kernel would have read them. */
    static int ioUring(NetworkNamespace namespace) {
        int errno = errno(Native.LIBC.syscall(SYS_IO_URING_SETUP, 1, 0, 0));
        return errno == EFAULT ? 0 : errno;
    }

    static int nfTables(NetworkNamespace namespace) throws IOException {
        return netlink(namespace, NetlinkSocket.NETFILTER,
                Nfnetlink.request("get generation", "nf_tables", NFNL_SUBSYS_NFTABLES, NFT_MSG_GETGEN, 0, 0));
    }

    /** Asks for a revision of a target, as iptables-nft does. */
    static int extension(NetworkNamespace namespace, String name, int revision) throws IOException {
        NetlinkRequest request =
                Nfnetlink.request("get extension", name, NFNL_SUBSYS_NFT_COMPAT, NFNL_MSG_COMPAT_GET, 0, IpFamily.V4.number())
                        .string(NFTA_COMPAT_NAME, name).be32(NFTA_COMPAT_REV, revision).be32(NFTA_COMPAT_TYPE, TARGET);
        return netlink(namespace, NetlinkSocket.NETFILTER, request);
    }

    /** Asks for a revision of a target, which, unlike asking for a table, doesn't create a table. */
    static int legacy(NetworkNamespace namespace) throws IOException {
        return withSocket(namespace, Constants.AF_INET, Constants.SOCK_DGRAM, socket -> {
            ByteBuffer request = Native.buffer(EXTENSION_NAME_BYTES + 1).put(0, "ERROR".getBytes(StandardCharsets.US_ASCII));
            ByteBuffer length = Native.buffer(4).putInt(0, request.capacity());
            return errno(Native.LIBC.getsockopt(socket, Constants.SOL_IP, IPT_SO_GET_REVISION_TARGET, request, length));
        });
    }

    private static int netlink(NetworkNamespace namespace, int protocol, NetlinkRequest request) throws IOException {
        try (NetlinkSocket socket = NetlinkSocket.open(namespace, protocol)) {
            socket.execute(request);
            return 0;
        } catch (NetlinkException e) {
            return e.errno();
        }
    }

    private static int option(NetworkNamespace namespace, int family, int level, int name) throws IOException {
        return withSocket(namespace, family, Constants.SOCK_DGRAM,
                socket -> errno(Native.LIBC.setsockopt(socket, level, name, Native.buffer(4).putInt(0, 1), 4)));
    }

    private static int withSocket(NetworkNamespace namespace, int family, int type, Use use) throws IOException {
        NamespaceBody<Integer, RuntimeException> create = () -> {
            int socket = Native.LIBC.socket(family, type | Constants.SOCK_CLOEXEC, 0);
            return socket < 0 ? -Native.errno() : socket;
        };
        int socket = namespace.call(create);
        if (socket < 0) {
            return -socket;
        }
        try {
            return use.of(socket);
        } finally {
            Native.LIBC.close(socket);
        }
    }

    private static boolean isCurrent(NetworkNamespace namespace) throws IOException {
        try (NetworkNamespace current = NetworkNamespace.current()) {
            return current.equals(namespace);
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
