package io.inpod.netns.internal;

import java.util.List;

/** The structs of socket, file and poll calls on 64-bit Linux. Columns: C's name, offset, size, in bytes. */
public final class SocketStructs {
    private SocketStructs() {}

    /** All tables. */
    public static List<StructLayout> all() {
        return List.of(SockaddrNl.STRUCT, SockaddrUn.STRUCT, SockaddrLl.STRUCT, SockaddrIn.STRUCT, SockaddrIn6.STRUCT, Msghdr.STRUCT,
                Iovec.STRUCT, Cmsghdr.STRUCT, Ucred.STRUCT, Pollfd.STRUCT, Statx.STRUCT);
    }

    /** A netlink address, see netlink(7). */
    public static final class SockaddrNl {
        public static final StructLayout STRUCT = StructLayout.struct("sockaddr_nl", 12);
        public static final Field FAMILY = STRUCT.field("nl_family", 0, 2);
        public static final Field PORT = STRUCT.field("nl_pid", 4, 4);
        public static final Field GROUPS = STRUCT.field("nl_groups", 8, 4);

        private SockaddrNl() {}
    }

    /** A unix address, see unix(7). The path follows the family. */
    public static final class SockaddrUn {
        public static final StructLayout STRUCT = StructLayout.struct("sockaddr_un", 110);
        public static final Field FAMILY = STRUCT.field("sun_family", 0, 2);

        private SockaddrUn() {}
    }

    /** An address of packet(7). */
    public static final class SockaddrLl {
        public static final StructLayout STRUCT = StructLayout.struct("sockaddr_ll", 20);
        public static final Field FAMILY = STRUCT.field("sll_family", 0, 2);
        public static final Field PROTOCOL = STRUCT.field("sll_protocol", 2, 2);
        public static final Field INDEX = STRUCT.field("sll_ifindex", 4, 4);

        private SockaddrLl() {}
    }

    /** An address of ip(7). */
    public static final class SockaddrIn {
        public static final StructLayout STRUCT = StructLayout.struct("sockaddr_in", 16);
        public static final Field FAMILY = STRUCT.field("sin_family", 0, 2);
        public static final Field PORT = STRUCT.field("sin_port", 2, 2);
        public static final Field ADDRESS = STRUCT.field("sin_addr", 4, 4);

        private SockaddrIn() {}
    }

    /** An address of ipv6(7). */
    public static final class SockaddrIn6 {
        public static final StructLayout STRUCT = StructLayout.struct("sockaddr_in6", 28);
        public static final Field FAMILY = STRUCT.field("sin6_family", 0, 2);
        public static final Field PORT = STRUCT.field("sin6_port", 2, 2);
        public static final Field FLOW = STRUCT.field("sin6_flowinfo", 4, 4);
        public static final Field ADDRESS = STRUCT.field("sin6_addr", 8, 16);
        public static final Field SCOPE = STRUCT.field("sin6_scope_id", 24, 4);

        private SockaddrIn6() {}
    }

    /** The argument of sendmsg(2) and recvmsg(2). */
    public static final class Msghdr {
        public static final StructLayout STRUCT = StructLayout.struct("msghdr", 56);
        public static final Field NAME = STRUCT.field("msg_name", 0, 8);
        public static final Field NAME_LENGTH = STRUCT.field("msg_namelen", 8, 4);
        public static final Field VECTOR = STRUCT.field("msg_iov", 16, 8);
        public static final Field VECTOR_LENGTH = STRUCT.field("msg_iovlen", 24, 8);
        public static final Field CONTROL = STRUCT.field("msg_control", 32, 8);
        public static final Field CONTROL_LENGTH = STRUCT.field("msg_controllen", 40, 8);
        public static final Field FLAGS = STRUCT.field("msg_flags", 48, 4);

        private Msghdr() {}
    }

    /** A piece of memory, see readv(2). */
    public static final class Iovec {
        public static final StructLayout STRUCT = StructLayout.struct("iovec", 16);
        public static final Field BASE = STRUCT.field("iov_base", 0, 8);
        public static final Field LENGTH = STRUCT.field("iov_len", 8, 8);

        private Iovec() {}
    }

    /** The header of ancillary data, see cmsg(3). */
    public static final class Cmsghdr {
        public static final StructLayout STRUCT = StructLayout.struct("cmsghdr", 16);
        public static final Field LENGTH = STRUCT.field("cmsg_len", 0, 8);
        public static final Field LEVEL = STRUCT.field("cmsg_level", 8, 4);
        public static final Field TYPE = STRUCT.field("cmsg_type", 12, 4);

        private Cmsghdr() {}
    }

    /** The credentials of the peer, SO_PEERCRED in unix(7). */
    public static final class Ucred {
        public static final StructLayout STRUCT = StructLayout.struct("ucred", 12);
        public static final Field PROCESS = STRUCT.field("pid", 0, 4);
        public static final Field USER = STRUCT.field("uid", 4, 4);
        public static final Field GROUP = STRUCT.field("gid", 8, 4);

        private Ucred() {}
    }

    /** A time span, SO_SNDTIMEO in socket(7). */
    public static final class Timeval {
        public static final StructLayout STRUCT = StructLayout.struct("timeval", 16);
        public static final Field SECONDS = STRUCT.field("tv_sec", 0, 8);
        public static final Field MICROSECONDS = STRUCT.field("tv_usec", 8, 8);

        private Timeval() {}
    }

    /** A descriptor and the events that poll(2) waits for. */
    public static final class Pollfd {
        public static final StructLayout STRUCT = StructLayout.struct("pollfd", 8);
        public static final Field FD = STRUCT.field("fd", 0, 4);
        public static final Field EVENTS = STRUCT.field("events", 4, 2);
        public static final Field RETURNED = STRUCT.field("revents", 6, 2);

        private Pollfd() {}
    }

    /** The attributes of a file, see statx(2). */
    public static final class Statx {
        public static final StructLayout STRUCT = StructLayout.struct("statx", 256);
        public static final Field MODE = STRUCT.field("stx_mode", 28, 2);
        public static final Field INO = STRUCT.field("stx_ino", 32, 8);
        public static final Field DEV_MAJOR = STRUCT.field("stx_dev_major", 136, 4);
        public static final Field DEV_MINOR = STRUCT.field("stx_dev_minor", 140, 4);

        private Statx() {}
    }
}
