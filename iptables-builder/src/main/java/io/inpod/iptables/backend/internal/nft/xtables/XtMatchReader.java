package io.inpod.iptables.backend.internal.nft.xtables;

import io.inpod.iptables.AddressRange;
import io.inpod.iptables.AddressRangeMatch;
import io.inpod.iptables.AddressType;
import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.ConnmarkMatch;
import io.inpod.iptables.IcmpMatch;
import io.inpod.iptables.Mark;
import io.inpod.iptables.MarkMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.MultiportMatch;
import io.inpod.iptables.OwnerGroupMatch;
import io.inpod.iptables.OwnerSocketMatch;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.SetMatch;
import io.inpod.iptables.Side;
import io.inpod.iptables.SocketMatch;
import io.inpod.iptables.TcpFlags;
import io.inpod.iptables.TransportMatch;
import io.inpod.iptables.TransportMatch.PortCondition;
import io.inpod.iptables.backend.internal.nft.expr.Basics;
import io.inpod.iptables.backend.internal.nft.expr.Expr;
import io.inpod.iptables.backend.internal.nft.expr.KernelNames;
import io.inpod.iptables.backend.internal.nft.expr.Octets;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads matches of x_tables: a condition counts as understood if writing it again gives the same bytes. */
public final class XtMatchReader {
    private XtMatchReader() {}

    /** Returns the meaning of a match in a rule for a family and perhaps a protocol, if the model can express it. */
    public static Optional<Match> read(Expr.XtMatch match, IpFamily family, Optional<Protocol> protocol, KernelNames names) {
        Octets info = match.info();
        return switch (match.name() + " " + match.revision()) {
            case "multiport 1" -> protocol.flatMap(p -> multiport(match, p));
            case "tcp 0", "udp 0" -> {
                TransportMatch found = transport(match.name().equals("tcp") ? Protocol.TCP : Protocol.UDP, info);
                yield same(match, found, XtMatches.transport(found));
            }
            case "mark 1" -> {
                MarkMatch found = new MarkMatch(new Mark(info.hostInt(0), info.hostInt(4)), info.u8At(8) != 0);
                yield same(match, found, XtMatches.mark(found));
            }
            case "connmark 1" -> {
                ConnmarkMatch found = new ConnmarkMatch(new Mark(info.hostInt(0), info.hostInt(4)), info.u8At(8) != 0);
                yield same(match, found, XtMatches.connmark(found));
            }
            case XtConntrack.NAME -> XtConntrack.read(match);
            case XtCounts.STATISTIC -> XtCounts.statistic(match);
            case XtCounts.CONNLIMIT -> XtCounts.connlimit(match, family);
            case "comment 0" -> {
                CommentMatch found = new CommentMatch(info.text(0, XtMatches.COMMENT_LENGTH));
                yield same(match, found, XtMatches.comment(found));
            }
            case "icmp 0", "icmp6 0" -> {
                OptionalInt code = info.u8At(1) == 0 && info.u8At(2) == 255 ? OptionalInt.empty() : OptionalInt.of(info.u8At(1));
                IcmpMatch found =
                        new IcmpMatch(match.name().equals("icmp") ? Protocol.ICMP : Protocol.ICMPV6, info.u8At(0), code, info.u8At(3) != 0);
                yield same(match, found, XtMatches.icmp(found));
            }
            case "iprange 1" -> addressRange(match, family);
            case "addrtype 1" -> addressType(match);
            case "owner 1" -> owner(match);
            case "cgroup 2" -> {
                CgroupMatch found = new CgroupMatch(info.text(XtMatches.CGROUP_PATH, XtMatches.CGROUP_PATH_LENGTH), info.u8At(2) != 0);
                // the struct ends with a pointer of the kernel's own, which it doesn't show
                yield same(match, found, XtMatches.cgroup(found));
            }
            case "set 4" -> {
                int flags = info.u8At(3);
                Optional<SetMatch> found = names.ipset(info.hostShort(0)).map(name -> new SetMatch(name, family,
                        (flags & XtMatches.SET_SOURCE) != 0 ? Side.SOURCE : Side.DESTINATION, (flags & XtMatches.SET_INVERTED) != 0));
                yield found.flatMap(f -> same(match, f, XtMatches.set(f, names)));
            }
            case "socket 3" -> {
                int flags = info.u8At(0);
                SocketMatch found =
                        new SocketMatch((flags & XtMatches.SOCKET_TRANSPARENT) != 0, (flags & XtMatches.SOCKET_NOWILDCARD) != 0);
                yield same(match, found, XtMatches.socket(found));
            }
            default -> Optional.empty();
        };
    }

    /** Other programs list ports in any order, so the bytes aren't compared with ours: only each must have a known meaning. */
    private static Optional<Match> multiport(Expr.XtMatch match, Protocol protocol) {
        Octets info = match.info();
        int count = info.length() > XtMatches.MULTIPORT_INVERTED ? info.u8At(1) : 0;
        if (count < 1 || count > MultiportMatch.SLOTS || info.u8At(0) > XtMatches.MULTIPORT_DESTINATION
                || info.u8At(XtMatches.MULTIPORT_INVERTED) > 1) {
            return Optional.empty();
        }
        List<Ports> ports = new ArrayList<>();
        for (int slot = 0; slot < count; slot++) {
            int first = info.hostShort(XtMatches.MULTIPORT_PORTS + 2 * slot);
            boolean range = info.u8At(XtMatches.MULTIPORT_RANGES + slot) != 0;
            slot += range ? 1 : 0;
            if (slot == count) {
                return Optional.empty();
            }
            ports.add(new Ports(first, info.hostShort(XtMatches.MULTIPORT_PORTS + 2 * slot)));
        }
        Side side = info.u8At(0) == 0 ? Side.SOURCE : Side.DESTINATION;
        return Optional.of(MultiportMatch.of(protocol, side, ports, info.u8At(XtMatches.MULTIPORT_INVERTED) != 0));
    }

    private static TransportMatch transport(Protocol protocol, Octets info) {
        boolean tcp = protocol == Protocol.TCP;
        int inverted = info.u8At(tcp ? 11 : 8);
        Optional<TcpFlags> flags = !tcp || info.u8At(9) == 0 ? Optional.empty()
                : Optional.of(
                        new TcpFlags(TcpFlags.of(info.u8At(9)), TcpFlags.of(info.u8At(10)), (inverted & XtMatches.FLAGS_INVERTED) != 0));
        return new TransportMatch(protocol, ports(info, 0, (inverted & XtMatches.SOURCE_INVERTED) != 0),
                ports(info, 4, (inverted & XtMatches.DESTINATION_INVERTED) != 0), flags);
    }

    private static Optional<PortCondition> ports(Octets info, int offset, boolean negated) {
        return Optional.of(new PortCondition(new Ports(info.hostShort(offset), info.hostShort(offset + 2)), negated));
    }

    /** A range that is one block counts as understood if its flags are known: it is another kind of condition in the model. */
    private static Optional<Match> addressRange(Expr.XtMatch match, IpFamily family) {
        Octets info = match.info();
        if (info.length() <= XtMatches.RANGE_FLAGS) {
            return Optional.empty();
        }
        int flags = info.u8At(XtMatches.RANGE_FLAGS);
        boolean source = (flags & XtMatches.RANGE_SOURCE) != 0;
        boolean negated = (flags & (source ? XtMatches.RANGE_SOURCE_INVERTED : XtMatches.RANGE_DESTINATION_INVERTED)) != 0;
        int known = source ? XtMatches.RANGE_SOURCE | XtMatches.RANGE_SOURCE_INVERTED
                : XtMatches.RANGE_DESTINATION | XtMatches.RANGE_DESTINATION_INVERTED;
        if ((flags & (XtMatches.RANGE_SOURCE | XtMatches.RANGE_DESTINATION)) == 0 || (flags & ~known) != 0) {
            return Optional.empty(); // also a condition on both addresses, which the model has as two
        }
        int first = source ? 0 : XtMatches.RANGE_OF_DESTINATION;
        int last = first + XtMatches.RANGE_OF_DESTINATION / 2;
        int bytes = family.bits() / 8;
        byte[] all = info.array();
        AddressRange range = new AddressRange(Basics.address(Arrays.copyOfRange(all, first, first + bytes)),
                Basics.address(Arrays.copyOfRange(all, last, last + bytes)));
        return Optional.of(AddressRangeMatch.of(source ? Side.SOURCE : Side.DESTINATION, range, negated));
    }

    private static Optional<Match> addressType(Expr.XtMatch match) {
        for (Side side : Side.values()) {
            for (AddressType type : AddressType.values()) {
                AddressTypeMatch found = new AddressTypeMatch(side, type, match.info().hostInt(4) != 0);
                if (XtMatches.addressType(found).equals(match)) {
                    return Optional.of(found);
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<Match> owner(Expr.XtMatch match) {
        Octets info = match.info();
        boolean negated = info.u8At(17) != 0;
        return switch (info.u8At(16)) {
            case XtMatches.OWNER_USER -> {
                OwnerUserMatch user = new OwnerUserMatch(info.hostInt(0) & 0xffffffffL, info.hostInt(4) & 0xffffffffL, negated);
                yield same(match, user, XtMatches.owner(user));
            }
            case XtMatches.OWNER_GROUP -> {
                OwnerGroupMatch group = new OwnerGroupMatch(info.hostInt(8) & 0xffffffffL, info.hostInt(12) & 0xffffffffL, negated);
                yield same(match, group, XtMatches.owner(group));
            }
            case XtMatches.OWNER_SOCKET -> {
                OwnerSocketMatch socket = new OwnerSocketMatch(negated);
                yield same(match, socket, XtMatches.owner(socket));
            }
            default -> Optional.empty();
        };
    }

    private static Optional<Match> same(Expr.XtMatch found, Match match, Expr.XtMatch written) {
        return written.equals(found) ? Optional.of(match) : Optional.empty();
    }
}
