package io.inpod.netns.internal;

import java.util.List;

/** The structs of netlink messages, see linux/netlink.h and its siblings. Columns: C's name, offset, size, in bytes. */
public final class NetlinkStructs {
    private NetlinkStructs() {}

    /** All tables. */
    public static List<StructLayout> all() {
        return List.of(Nlmsghdr.STRUCT, Nlmsgerr.STRUCT, Nlattr.STRUCT, Ifinfomsg.STRUCT, Ifaddrmsg.STRUCT, IfaCacheinfo.STRUCT,
                Rtmsg.STRUCT,
                Rtnexthop.STRUCT, RtaCacheinfo.STRUCT, FibRule.STRUCT, Ndmsg.STRUCT, Rtgenmsg.STRUCT, Nfgenmsg.STRUCT,
                InetDiagReq.STRUCT, InetDiagMsg.STRUCT, UnixDiagReq.STRUCT, UnixDiagMsg.STRUCT,
                Tcmsg.STRUCT, TcNetemQopt.STRUCT, TcTbfQopt.STRUCT);
    }

    /** The header of every message, see netlink(7). */
    public static final class Nlmsghdr {
        public static final StructLayout STRUCT = StructLayout.struct("nlmsghdr", 16);
        public static final Field LENGTH = STRUCT.field("nlmsg_len", 0, 4);
        public static final Field TYPE = STRUCT.field("nlmsg_type", 4, 2);
        public static final Field FLAGS = STRUCT.field("nlmsg_flags", 6, 2);
        public static final Field SEQUENCE = STRUCT.field("nlmsg_seq", 8, 4);
        public static final Field PORT = STRUCT.field("nlmsg_pid", 12, 4);

        private Nlmsghdr() {}
    }

    /** An acknowledgement: a negative errno, and the header of the request that it answers. */
    public static final class Nlmsgerr {
        public static final StructLayout STRUCT = StructLayout.struct("nlmsgerr", 20);
        public static final Field ERROR = STRUCT.field("error", 0, 4);
        public static final Field REQUEST_LENGTH = STRUCT.field("msg.nlmsg_len", 4, 4);

        private Nlmsgerr() {}
    }

    /** The header of an attribute. */
    public static final class Nlattr {
        public static final StructLayout STRUCT = StructLayout.struct("nlattr", 4);
        public static final Field LENGTH = STRUCT.field("nla_len", 0, 2);
        public static final Field TYPE = STRUCT.field("nla_type", 2, 2);

        private Nlattr() {}
    }

    /** A link, see rtnetlink(7). */
    public static final class Ifinfomsg {
        public static final StructLayout STRUCT = StructLayout.struct("ifinfomsg", 16);
        public static final Field FAMILY = STRUCT.field("ifi_family", 0, 1);
        public static final Field TYPE = STRUCT.field("ifi_type", 2, 2);
        public static final Field INDEX = STRUCT.field("ifi_index", 4, 4);
        public static final Field FLAGS = STRUCT.field("ifi_flags", 8, 4);
        public static final Field CHANGE = STRUCT.field("ifi_change", 12, 4);

        private Ifinfomsg() {}
    }

    /** An address of a link, see rtnetlink(7). */
    public static final class Ifaddrmsg {
        public static final StructLayout STRUCT = StructLayout.struct("ifaddrmsg", 8);
        public static final Field FAMILY = STRUCT.field("ifa_family", 0, 1);
        public static final Field PREFIX_LENGTH = STRUCT.field("ifa_prefixlen", 1, 1);
        public static final Field FLAGS = STRUCT.field("ifa_flags", 2, 1);
        public static final Field SCOPE = STRUCT.field("ifa_scope", 3, 1);
        public static final Field INDEX = STRUCT.field("ifa_index", 4, 4);

        private Ifaddrmsg() {}
    }

    /** The lifetimes of an address, see linux/if_addr.h. */
    public static final class IfaCacheinfo {
        public static final StructLayout STRUCT = StructLayout.struct("ifa_cacheinfo", 16);
        public static final Field PREFERRED = STRUCT.field("ifa_prefered", 0, 4);
        public static final Field VALID = STRUCT.field("ifa_valid", 4, 4);

        private IfaCacheinfo() {}
    }

    /** A route, see rtnetlink(7). */
    public static final class Rtmsg {
        public static final StructLayout STRUCT = StructLayout.struct("rtmsg", 12);
        public static final Field FAMILY = STRUCT.field("rtm_family", 0, 1);
        public static final Field DESTINATION_LENGTH = STRUCT.field("rtm_dst_len", 1, 1);
        public static final Field SOURCE_LENGTH = STRUCT.field("rtm_src_len", 2, 1);
        public static final Field TOS = STRUCT.field("rtm_tos", 3, 1);
        public static final Field TABLE = STRUCT.field("rtm_table", 4, 1);
        public static final Field PROTOCOL = STRUCT.field("rtm_protocol", 5, 1);
        public static final Field SCOPE = STRUCT.field("rtm_scope", 6, 1);
        public static final Field TYPE = STRUCT.field("rtm_type", 7, 1);
        public static final Field FLAGS = STRUCT.field("rtm_flags", 8, 4);

        private Rtmsg() {}
    }

    /** One next hop of a route that has several. */
    public static final class Rtnexthop {
        public static final StructLayout STRUCT = StructLayout.struct("rtnexthop", 8);
        public static final Field LENGTH = STRUCT.field("rtnh_len", 0, 2);
        public static final Field FLAGS = STRUCT.field("rtnh_flags", 2, 1);
        public static final Field HOPS = STRUCT.field("rtnh_hops", 3, 1);
        public static final Field INDEX = STRUCT.field("rtnh_ifindex", 4, 4);

        private Rtnexthop() {}
    }

    /** What the kernel knows about a route's use, see linux/rtnetlink.h. */
    public static final class RtaCacheinfo {
        public static final StructLayout STRUCT = StructLayout.struct("rta_cacheinfo", 32);
        public static final Field EXPIRES = STRUCT.field("rta_expires", 8, 4);

        private RtaCacheinfo() {}
    }

    /** A routing rule, see linux/fib_rules.h. */
    public static final class FibRule {
        public static final StructLayout STRUCT = StructLayout.struct("fib_rule_hdr", 12);
        public static final Field FAMILY = STRUCT.field("family", 0, 1);
        public static final Field TO_LENGTH = STRUCT.field("dst_len", 1, 1);
        public static final Field FROM_LENGTH = STRUCT.field("src_len", 2, 1);
        public static final Field TOS = STRUCT.field("tos", 3, 1);
        public static final Field TABLE = STRUCT.field("table", 4, 1);
        public static final Field ACTION = STRUCT.field("action", 7, 1);
        public static final Field FLAGS = STRUCT.field("flags", 8, 4);

        private FibRule() {}
    }

    /** A neighbour, see rtnetlink(7). */
    public static final class Ndmsg {
        public static final StructLayout STRUCT = StructLayout.struct("ndmsg", 12);
        public static final Field FAMILY = STRUCT.field("ndm_family", 0, 1);
        public static final Field INDEX = STRUCT.field("ndm_ifindex", 4, 4);
        public static final Field STATE = STRUCT.field("ndm_state", 8, 2);
        public static final Field FLAGS = STRUCT.field("ndm_flags", 10, 1);
        public static final Field TYPE = STRUCT.field("ndm_type", 11, 1);

        private Ndmsg() {}
    }

    /** The beginning of all other requests, see linux/rtnetlink.h. */
    public static final class Rtgenmsg {
        public static final StructLayout STRUCT = StructLayout.struct("rtgenmsg", 1);
        public static final Field FAMILY = STRUCT.field("rtgen_family", 0, 1);

        private Rtgenmsg() {}
    }

    /** The beginning of requests to netfilter, see linux/netfilter/nfnetlink.h. */
    public static final class Nfgenmsg {
        public static final StructLayout STRUCT = StructLayout.struct("nfgenmsg", 4);
        public static final Field FAMILY = STRUCT.field("nfgen_family", 0, 1);

        private Nfgenmsg() {}
    }

    /** A request for sockets of TCP or UDP, see sock_diag(7). */
    public static final class InetDiagReq {
        public static final StructLayout STRUCT = StructLayout.struct("inet_diag_req_v2", 56);
        public static final Field FAMILY = STRUCT.field("sdiag_family", 0, 1);
        public static final Field PROTOCOL = STRUCT.field("sdiag_protocol", 1, 1);
        public static final Field EXTENSIONS = STRUCT.field("idiag_ext", 2, 1);
        public static final Field STATES = STRUCT.field("idiag_states", 4, 4);
        public static final Field SOURCE_PORT = STRUCT.field("id.idiag_sport", 8, 2);
        public static final Field DESTINATION_PORT = STRUCT.field("id.idiag_dport", 10, 2);
        public static final Field SOURCE = STRUCT.field("id.idiag_src", 12, 16);
        public static final Field DESTINATION = STRUCT.field("id.idiag_dst", 28, 16);
        public static final Field LINK = STRUCT.field("id.idiag_if", 44, 4);
        public static final Field COOKIE_LOW = STRUCT.field("id.idiag_cookie[0]", 48, 4);
        public static final Field COOKIE_HIGH = STRUCT.field("id.idiag_cookie[1]", 52, 4);

        private InetDiagReq() {}
    }

    /** A socket of TCP or UDP, see sock_diag(7). Ports and addresses are in network byte order. */
    public static final class InetDiagMsg {
        public static final StructLayout STRUCT = StructLayout.struct("inet_diag_msg", 72);
        public static final Field FAMILY = STRUCT.field("idiag_family", 0, 1);
        public static final Field STATE = STRUCT.field("idiag_state", 1, 1);
        public static final Field SOURCE_PORT = STRUCT.field("id.idiag_sport", 4, 2);
        public static final Field DESTINATION_PORT = STRUCT.field("id.idiag_dport", 6, 2);
        public static final Field SOURCE = STRUCT.field("id.idiag_src", 8, 16);
        public static final Field DESTINATION = STRUCT.field("id.idiag_dst", 24, 16);
        public static final Field LINK = STRUCT.field("id.idiag_if", 40, 4);
        public static final Field COOKIE_LOW = STRUCT.field("id.idiag_cookie[0]", 44, 4);
        public static final Field COOKIE_HIGH = STRUCT.field("id.idiag_cookie[1]", 48, 4);
        public static final Field RECEIVE_QUEUE = STRUCT.field("idiag_rqueue", 56, 4);
        public static final Field SEND_QUEUE = STRUCT.field("idiag_wqueue", 60, 4);
        public static final Field USER = STRUCT.field("idiag_uid", 64, 4);
        public static final Field INODE = STRUCT.field("idiag_inode", 68, 4);

        private InetDiagMsg() {}
    }

    /** A request for unix sockets, see sock_diag(7). */
    public static final class UnixDiagReq {
        public static final StructLayout STRUCT = StructLayout.struct("unix_diag_req", 24);
        public static final Field FAMILY = STRUCT.field("sdiag_family", 0, 1);
        public static final Field STATES = STRUCT.field("udiag_states", 4, 4);
        public static final Field SHOW = STRUCT.field("udiag_show", 12, 4);

        private UnixDiagReq() {}
    }

    /** A unix socket, see sock_diag(7). */
    public static final class UnixDiagMsg {
        public static final StructLayout STRUCT = StructLayout.struct("unix_diag_msg", 16);
        public static final Field TYPE = STRUCT.field("udiag_type", 1, 1);
        public static final Field STATE = STRUCT.field("udiag_state", 2, 1);
        public static final Field INODE = STRUCT.field("udiag_ino", 4, 4);

        private UnixDiagMsg() {}
    }

    /** A queueing discipline, see rtnetlink(7). */
    public static final class Tcmsg {
        public static final StructLayout STRUCT = StructLayout.struct("tcmsg", 20);
        public static final Field INDEX = STRUCT.field("tcm_ifindex", 4, 4);
        public static final Field HANDLE = STRUCT.field("tcm_handle", 8, 4);
        public static final Field PARENT = STRUCT.field("tcm_parent", 12, 4);

        private Tcmsg() {}
    }

    /** The options of netem, see linux/pkt_sched.h. Times are in ticks of 64 ns. */
    public static final class TcNetemQopt {
        public static final StructLayout STRUCT = StructLayout.struct("tc_netem_qopt", 24);
        public static final Field LATENCY = STRUCT.field("latency", 0, 4);
        public static final Field LIMIT = STRUCT.field("limit", 4, 4);
        public static final Field LOSS = STRUCT.field("loss", 8, 4);
        public static final Field GAP = STRUCT.field("gap", 12, 4);
        public static final Field DUPLICATE = STRUCT.field("duplicate", 16, 4);
        public static final Field JITTER = STRUCT.field("jitter", 20, 4);

        private TcNetemQopt() {}
    }

    /** The options of tbf, see linux/pkt_sched.h. */
    public static final class TcTbfQopt {
        public static final StructLayout STRUCT = StructLayout.struct("tc_tbf_qopt", 36);
        public static final Field LINK_LAYER = STRUCT.field("rate.linklayer", 1, 1);
        public static final Field RATE = STRUCT.field("rate.rate", 8, 4);
        public static final Field LIMIT = STRUCT.field("limit", 24, 4);
        public static final Field BUFFER = STRUCT.field("buffer", 28, 4);

        private TcTbfQopt() {}
    }
}
