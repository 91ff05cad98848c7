package io.inpod.iptables.backend.internal.nft.xtables;

import io.inpod.iptables.AddressRangeMatch;
import io.inpod.iptables.AddressType;
import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.ConnmarkMatch;
import io.inpod.iptables.IcmpMatch;
import io.inpod.iptables.MarkMatch;
import io.inpod.iptables.MultiportMatch;
import io.inpod.iptables.OwnerGroupMatch;
import io.inpod.iptables.OwnerSocketMatch;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.PortSetMatch;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.SetMatch;
import io.inpod.iptables.Side;
import io.inpod.iptables.SocketMatch;
import io.inpod.iptables.TcpFlags;
import io.inpod.iptables.TransportMatch;
import io.inpod.iptables.TransportMatch.PortCondition;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import java.util.Optional;

/**
 * Matches as those of x_tables, each with its struct from linux/netfilter/xt_*.h and the revision that iptables-nft uses. Offsets and
 * sizes are in bytes, as on every 64-bit machine; {@link XtMatchReader} reads them.
 */
public final class XtMatches {
    static final int CGROUP_PATH = 4;
    static final int CGROUP_PATH_LENGTH = 512;
    static final int COMMENT_LENGTH = 256;
    static final int SET_INVERTED = 1;
    static final int SET_SOURCE = 2;
    static final int OWNER_USER = 1;
    static final int OWNER_GROUP = 2;
    static final int OWNER_SOCKET = 4;
    static final int SOCKET_TRANSPARENT = 1;
    static final int SOCKET_NOWILDCARD = 2;
    static final int MULTIPORT_DESTINATION = 1;
    static final int MULTIPORT_PORTS = 2;
    static final int MULTIPORT_RANGES = MULTIPORT_PORTS + 2 * MultiportMatch.SLOTS;
    static final int MULTIPORT_INVERTED = MULTIPORT_RANGES + MultiportMatch.SLOTS;
    static final int RANGE_SOURCE = 1;
    static final int RANGE_DESTINATION = 2;
    static final int RANGE_SOURCE_INVERTED = 0x10;
    static final int RANGE_DESTINATION_INVERTED = 0x20;

    /** The offset of the destination's range, and of the flags; each address has the room of an IPv6 address. */
    static final int RANGE_OF_DESTINATION = 32;
    static final int RANGE_FLAGS = 64;

    static final int LAST_PORT = 0xffff;
    static final int SOURCE_INVERTED = 1;
    static final int DESTINATION_INVERTED = 2;
    static final int FLAGS_INVERTED = 4;

    private XtMatches() {}

    /**
     * Ports and flags. struct xt_tcp: first and last source port, first and last destination port, option, flag mask, flags, inversions;
     * struct xt_udp: ports, inversions.
     */
    public static Expr.XtMatch transport(TransportMatch match) {
        boolean tcp = match.protocol() == Protocol.TCP;
        Struct struct = new Struct(tcp ? 12 : 10).u16(2, LAST_PORT).u16(6, LAST_PORT);
        int inverted = ports(struct, 0, match.source(), SOURCE_INVERTED) | ports(struct, 4, match.destination(), DESTINATION_INVERTED);
        if (match.flags().isPresent()) {
            TcpFlags flags = match.flags().get();
            struct.u8(9, TcpFlags.bits(flags.examined())).u8(10, TcpFlags.bits(flags.set()));
            inverted |= flags.negated() ? FLAGS_INVERTED : 0;
        }
        return new Expr.XtMatch(tcp ? "tcp" : "udp", 0, struct.u8(tcp ? 11 : 8, inverted).bytes());
    }

    private static int ports(Struct struct, int offset, Optional<PortCondition> port, int bit) {
        if (port.isEmpty()) {
            return 0;
        }
        struct.u16(offset, port.get().range().first()).u16(offset + 2, port.get().range().last());
        return port.get().negated() ? bit : 0;
    }

    public static Expr.XtMatch mark(MarkMatch match) {
        Struct struct = new Struct(12).u32(0, match.mark().value()).u32(4, match.mark().mask()).u8(8, bit(match.negated()));
        return new Expr.XtMatch("mark", 1, struct.bytes());
    }

    /** A range is two ports, of which the first is flagged; all in host byte order. */
    public static Expr.XtMatch multiport(MultiportMatch match) {
        Struct struct = new Struct(MULTIPORT_INVERTED + 1).u8(0, match.side() == Side.SOURCE ? 0 : MULTIPORT_DESTINATION)
                .u8(MULTIPORT_INVERTED, bit(match.negated()));
        int slots = 0;
        for (Ports range : match.ports()) {
            struct.u16(MULTIPORT_PORTS + 2 * slots, range.first());
            if (range.first() != range.last()) {
                struct.u8(MULTIPORT_RANGES + slots++, 1).u16(MULTIPORT_PORTS + 2 * slots, range.last());
            }
            slots++;
        }
        return new Expr.XtMatch("multiport", 1, struct.u8(1, slots).bytes());
    }

    public static Expr.XtMatch connmark(ConnmarkMatch match) {
        Struct struct = new Struct(12).u32(0, match.mark().value()).u32(4, match.mark().mask()).u8(8, bit(match.negated()));
        return new Expr.XtMatch("connmark", 1, struct.bytes());
    }

    public static Expr.XtMatch comment(CommentMatch match) {
        return new Expr.XtMatch("comment", 0, new Struct(COMMENT_LENGTH).text(0, match.text()).bytes());
    }

    public static Expr.XtMatch icmp(IcmpMatch match) {
        Struct struct =
                new Struct(4).u8(0, match.type()).u8(1, match.code().orElse(0)).u8(2, match.code().orElse(255)).u8(3, bit(match.negated()));
        return new Expr.XtMatch(match.protocol() == Protocol.ICMP ? "icmp" : "icmp6", 0, struct.bytes());
    }

    /** The first and the last source address, the first and the last destination address, flags. */
    public static Expr.XtMatch addressRange(AddressRangeMatch match) {
        boolean source = match.side() == Side.SOURCE;
        int flags = source ? RANGE_SOURCE | (match.negated() ? RANGE_SOURCE_INVERTED : 0)
                : RANGE_DESTINATION | (match.negated() ? RANGE_DESTINATION_INVERTED : 0);
        int offset = source ? 0 : RANGE_OF_DESTINATION;
        return new Expr.XtMatch("iprange", 1, new Struct(RANGE_FLAGS + 4).bytes(offset, match.range().first().getAddress())
                .bytes(offset + RANGE_OF_DESTINATION / 2, match.range().last().getAddress()).u8(RANGE_FLAGS, flags).bytes());
    }

    /** A bit of the type for each side, and a bit of its inversion. */
    public static Expr.XtMatch addressType(AddressTypeMatch match) {
        int type = 1 << routeType(match.type());
        boolean source = match.side() == Side.SOURCE;
        Struct struct = new Struct(8).u16(source ? 0 : 2, type).u32(4, match.negated() ? source ? 1 : 2 : 0);
        return new Expr.XtMatch("addrtype", 1, struct.bytes());
    }

    /** RTN_. */
    public static int routeType(AddressType type) {
        return switch (type) {
            case UNICAST -> 1;
            case LOCAL -> 2;
            case BROADCAST -> 3;
            case ANYCAST -> 4;
            case MULTICAST -> 5;
            case BLACKHOLE -> 6;
            case UNREACHABLE -> 7;
            case PROHIBIT -> 8;
        };
    }

    public static Expr.XtMatch owner(OwnerUserMatch match) {
        return owner(new Struct(24).u32(0, (int) match.first()).u32(4, (int) match.last()), OWNER_USER, match.negated());
    }

    public static Expr.XtMatch owner(OwnerGroupMatch match) {
        return owner(new Struct(24).u32(8, (int) match.first()).u32(12, (int) match.last()), OWNER_GROUP, match.negated());
    }

    public static Expr.XtMatch owner(OwnerSocketMatch match) {
        return owner(new Struct(24), OWNER_SOCKET, match.negated());
    }

    private static Expr.XtMatch owner(Struct struct, int what, boolean negated) {
        return new Expr.XtMatch("owner", 1, struct.u8(16, what).u8(17, negated ? what : 0).bytes());
    }

    public static Expr.XtMatch cgroup(CgroupMatch match) {
        Struct struct = new Struct(528).u8(0, 1).u8(2, bit(match.negated())).text(CGROUP_PATH, match.path());
        return new Expr.XtMatch("cgroup", 2, struct.bytes());
    }

    public static Expr.XtMatch set(SetMatch match, KernelNames names) {
        return set(names.ipset(match.set()), match.side(), match.negated());
    }

    public static Expr.XtMatch set(PortSetMatch match, KernelNames names) {
        return set(names.ipset(match.set()), match.side(), match.negated());
    }

    /** One dimension; its bit of the flags says source. */
    private static Expr.XtMatch set(int index, Side side, boolean negated) {
        int flags = (negated ? SET_INVERTED : 0) | (side == Side.SOURCE ? SET_SOURCE : 0);
        return new Expr.XtMatch("set", 4, new Struct(48).u16(0, index).u8(2, 1).u8(3, flags).bytes());
    }

    public static Expr.XtMatch socket(SocketMatch match) {
        int flags = (match.transparent() ? SOCKET_TRANSPARENT : 0) | (match.anyAddress() ? SOCKET_NOWILDCARD : 0);
        return new Expr.XtMatch("socket", 3, new Struct(1).u8(0, flags).bytes());
    }

    private static int bit(boolean set) {
        return set ? 1 : 0;
    }
}
