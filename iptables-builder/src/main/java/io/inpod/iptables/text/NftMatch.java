package io.inpod.iptables.text;

import io.inpod.iptables.AddressRangeMatch;
import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.ConnlimitMatch;
import io.inpod.iptables.ConnmarkMatch;
import io.inpod.iptables.ConntrackStateMatch;
import io.inpod.iptables.ConntrackStatusMatch;
import io.inpod.iptables.DestinationMatch;
import io.inpod.iptables.FamilyMatch;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.IcmpMatch;
import io.inpod.iptables.InInterfaceMatch;
import io.inpod.iptables.LimitMatch;
import io.inpod.iptables.Mark;
import io.inpod.iptables.MarkMatch;
import io.inpod.iptables.Match;
import io.inpod.iptables.MatchVisitor;
import io.inpod.iptables.MultiportMatch;
import io.inpod.iptables.NthMatch;
import io.inpod.iptables.OutInterfaceMatch;
import io.inpod.iptables.OwnerGroupMatch;
import io.inpod.iptables.OwnerSocketMatch;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.PortSetMatch;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.ProtocolMatch;
import io.inpod.iptables.ProtocolNumberMatch;
import io.inpod.iptables.RandomMatch;
import io.inpod.iptables.SetMatch;
import io.inpod.iptables.Side;
import io.inpod.iptables.SocketMatch;
import io.inpod.iptables.SourceMatch;
import io.inpod.iptables.TcpFlag;
import io.inpod.iptables.TcpFlags;
import io.inpod.iptables.TransportMatch;
import io.inpod.iptables.internal.InterfaceNames;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** Words conditions as nft(8) reads them. The text contains only numbers, checked names, fixed words and quoted text. */
final class NftMatch implements MatchVisitor<String> {
    private final FamilyScope families;
    private final NftCounts counts;

    /**
     * Words conditions of one rule.
     *
     * @param families the families that the rule is for
     * @param counts to which the sets are added in which the rule counts
     */
    NftMatch(FamilyScope families, NftCounts counts) {
        this.families = families;
        this.counts = counts;
    }

    /**
     * Words one condition alone.
     *
     * @throws IllegalArgumentException naming what nft can't express
     */
    static String of(Match match) {
        return match.accept(new NftMatch(match.families(), new NftCounts()));
    }

    static String nfproto(IpFamily family) {
        return "meta nfproto " + (family == IpFamily.V4 ? "ipv4" : "ipv6");
    }

    @Override
    public String visit(FamilyMatch match) {
        return nfproto(match.family());
    }

    @Override
    public String visit(SourceMatch match) {
        return field(match.prefix().family(), Side.SOURCE) + not(match.negated()) + match.prefix();
    }

    @Override
    public String visit(DestinationMatch match) {
        return field(match.prefix().family(), Side.DESTINATION) + not(match.negated()) + match.prefix();
    }

    @Override
    public String visit(InInterfaceMatch match) {
        return "iifname" + not(match.negated()) + '"' + InterfaceNames.inNftText(match.name()) + '"';
    }

    @Override
    public String visit(OutInterfaceMatch match) {
        return "oifname" + not(match.negated()) + '"' + InterfaceNames.inNftText(match.name()) + '"';
    }

    @Override
    public String visit(ProtocolMatch match) {
        return "meta l4proto" + not(match.negated()) + match.protocol().text();
    }

    @Override
    public String visit(ProtocolNumberMatch match) {
        return "meta l4proto" + not(match.negated()) + match.number();
    }

    @Override
    public String visit(TransportMatch match) {
        String header = match.protocol().text();
        if (match.isHeaderAlone()) {
            return header + " sport 0-65535"; // that the header is whole: loading the port fails otherwise
        }
        List<String> parts = new ArrayList<>(3);
        match.source().ifPresent(p -> parts.add(header + " sport" + not(p.negated()) + p.range().text('-')));
        match.destination().ifPresent(p -> parts.add(header + " dport" + not(p.negated()) + p.range().text('-')));
        match.flags().ifPresent(f -> parts.add(flags(f)));
        return String.join(" ", parts);
    }

    @Override
    public String visit(MultiportMatch match) {
        return match.protocol().text() + (match.side() == Side.SOURCE ? " sport" : " dport") + not(match.negated())
                + match.ports().stream().map(range -> range.text('-')).collect(Collectors.joining(", ", "{ ", " }"));
    }

    @Override
    public String visit(IcmpMatch match) {
        String header = match.protocol() == Protocol.ICMP ? "icmp" : "icmpv6";
        if (match.negated() && match.code().isPresent()) {
            throw NftRule.cannot("all but one type and code of " + header);
        }
        return header + " type" + not(match.negated()) + match.type()
                + (match.code().isPresent() ? " " + header + " code " + match.code().getAsInt() : "");
    }

    @Override
    public String visit(MarkMatch match) {
        return mark("meta mark", match.mark(), match.negated());
    }

    @Override
    public String visit(ConnmarkMatch match) {
        return mark("ct mark", match.mark(), match.negated());
    }

    @Override
    public String visit(ConntrackStateMatch match) {
        return bits("ct state", match.states(), match.negated());
    }

    @Override
    public String visit(ConntrackStatusMatch match) {
        return bits("ct status", match.statuses(), match.negated());
    }

    @Override
    public String visit(SetMatch match) {
        return field(match.family(), match.side()) + not(match.negated()) + "@" + match.set();
    }

    @Override
    public String visit(PortSetMatch match) {
        return match.protocol().text() + (match.side() == Side.SOURCE ? " sport" : " dport") + not(match.negated()) + "@" + match.set();
    }

    @Override
    public String visit(AddressRangeMatch match) {
        return field(match.range().family(), match.side()) + not(match.negated()) + match.range();
    }

    @Override
    public String visit(AddressTypeMatch match) {
        return "fib " + address(match.side()) + " type" + not(match.negated()) + word(match.type());
    }

    @Override
    public String visit(OwnerUserMatch match) {
        return owner("meta skuid", match.first(), match.last(), match.negated());
    }

    @Override
    public String visit(OwnerGroupMatch match) {
        return owner("meta skgid", match.first(), match.last(), match.negated());
    }

    @Override
    public String visit(OwnerSocketMatch match) {
        throw NftRule.cannot("whether a socket sends the packet");
    }

    @Override
    public String visit(CgroupMatch match) {
        if (match.negated()) {
            throw NftRule.cannot("that a socket's cgroup lies outside " + match.path()
                    + " (cgroups further up have none at that level, and no comparison with them is true)");
        }
        return "socket cgroupv2 level " + (1 + match.path().chars().filter(c -> c == '/').count()) + " \"" + match.path() + '"';
    }

    @Override
    public String visit(SocketMatch match) {
        if (match.anyAddress() && !match.transparent()) {
            return "socket transparent <= 1"; // that there is a socket: loading the property fails otherwise
        }
        return match.transparent() ? "socket transparent 1" + (match.anyAddress() ? "" : " socket wildcard 0") : "socket wildcard 0";
    }

    @Override
    public String visit(LimitMatch match) {
        return "limit rate " + match.rate() + "/" + word(match.per()) + " burst " + match.burst() + " packets";
    }

    @Override
    public String visit(RandomMatch match) {
        return "numgen random mod " + RandomMatch.DRAWS + (match.negated() ? " >= " : " < ") + match.draws();
    }

    @Override
    public String visit(NthMatch match) {
        return "numgen inc mod " + match.every() + (match.negated() ? " != " : " == ") + match.packet();
    }

    @Override
    public String visit(ConnlimitMatch match) {
        String count = "ct count " + (match.above() ? "over " : "") + match.most();
        if (!match.isPerAddress()) {
            return count;
        }
        IpFamily family = families.single()
                .orElseThrow(() -> NftRule.cannot("the number of connections of each address of both families in one rule"));
        Side side = match.counted() == ConnlimitMatch.Counted.SOURCE ? Side.SOURCE : Side.DESTINATION;
        return "add @" + counts.add(family) + " { " + field(family, side) + " " + count + " }";
    }

    @Override
    public String visit(CommentMatch match) {
        return "comment \"" + match.text() + "\"";
    }

    private static String flags(TcpFlags flags) {
        return "tcp flags & " + flags(flags.examined()) + (flags.negated() ? " != " : " == ")
                + (flags.set().isEmpty() ? "0x0" : flags(flags.set()));
    }

    private static String flags(Set<TcpFlag> flags) {
        return "(" + words(flags, "|") + ")";
    }

    private static String mark(String field, Mark mark, boolean negated) {
        String operator = negated ? " != " : " == ";
        return mark.mask() == -1 ? field + operator + Mark.hex(mark.value())
                : field + " & " + Mark.hex(mark.mask()) + operator + Mark.hex(mark.value());
    }

    private static <E extends Enum<E>> String bits(String field, Set<E> values, boolean negated) {
        return negated ? field + " & (" + words(values, "|") + ") == 0" : field + " " + words(values, ",");
    }

    private static String owner(String field, long first, long last, boolean negated) {
        if (negated) {
            throw NftRule.cannot("all but some users or groups: a packet without a socket has none, and would not be matched");
        }
        return field + " " + (first == last ? Long.toString(first) : first + "-" + last);
    }

    private static String field(IpFamily family, Side side) {
        return (family == IpFamily.V4 ? "ip " : "ip6 ") + address(side);
    }

    private static String address(Side side) {
        return side == Side.SOURCE ? "saddr" : "daddr";
    }

    private static String not(boolean negated) {
        return negated ? " != " : " ";
    }

    private static <E extends Enum<E>> String words(Set<E> values, String separator) {
        return values.stream().sorted().map(NftMatch::word).collect(Collectors.joining(separator));
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
