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
import io.inpod.iptables.Rule;
import io.inpod.iptables.SetMatch;
import io.inpod.iptables.Side;
import io.inpod.iptables.SocketMatch;
import io.inpod.iptables.SourceMatch;
import io.inpod.iptables.TcpFlag;
import io.inpod.iptables.TcpFlags;
import io.inpod.iptables.TransportMatch;
import io.inpod.iptables.internal.InterfaceNames;
import io.inpod.iptables.internal.Words;
import io.inpod.netns.IpFamily;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Words rules exactly as iptables-save prints them. The text contains only numbers, checked names, fixed words and quoted text. */
final class RuleText implements MatchVisitor<StringBuilder> {
    /** The burst that iptables-save leaves out. */
    private static final int DEFAULT_BURST = 5;
    private static final int PROBABILITY_DIGITS = 11;

    private final StringBuilder text = new StringBuilder();
    private final IpFamily family;

    private RuleText(IpFamily family) {
        this.family = family;
    }

    /** The rule without {@code -A CHAIN}. */
    static String of(Rule rule, IpFamily family) {
        RuleText builder = new RuleText(family);
        marksTogether(rule.matches()).forEach(match -> match.accept(builder));
        rule.target().accept(new TargetText(builder.text, family));
        return builder.text.substring(1);
    }

    /**
     * Moves conditions on connections' marks behind those on packets' marks if the two alternate: both have an option of the same name, and
     * iptables then refuses the last one as one too many.
     */
    private static List<Match> marksTogether(List<Match> matches) {
        List<Match> marks = matches.stream().filter(match -> match instanceof MarkMatch || match instanceof ConnmarkMatch).toList();
        long changes = IntStream.range(1, marks.size()).filter(i -> marks.get(i).getClass() != marks.get(i - 1).getClass()).count();
        if (changes < 2) {
            return matches;
        }
        if (matches.stream().anyMatch(Match::isCounting)) {
            throw new IllegalArgumentException(
                    "iptables-restore can't express conditions on marks of packets and connections by turns, with one"
                            + " that counts among them: " + matches);
        }
        List<Match> together = new ArrayList<>(matches);
        together.removeIf(ConnmarkMatch.class::isInstance);
        int behind =
                together.lastIndexOf(marks.stream().filter(MarkMatch.class::isInstance).reduce((first, last) -> last).orElseThrow()) + 1;
        together.addAll(behind, marks.stream().filter(ConnmarkMatch.class::isInstance).toList());
        return together;
    }

    /** Some conditions alone. */
    static String conditions(List<Match> matches, IpFamily family) {
        RuleText builder = new RuleText(family);
        matches.forEach(match -> match.accept(builder));
        return builder.text.substring(1);
    }

    @Override
    public StringBuilder visit(FamilyMatch match) {
        return text; // the tool that reads the text is of one family
    }

    @Override
    public StringBuilder visit(SourceMatch match) {
        return option(match.negated(), "-s", match.prefix().toString());
    }

    @Override
    public StringBuilder visit(DestinationMatch match) {
        return option(match.negated(), "-d", match.prefix().toString());
    }

    @Override
    public StringBuilder visit(InInterfaceMatch match) {
        return option(match.negated(), "-i", InterfaceNames.inIptablesText(match.name()));
    }

    @Override
    public StringBuilder visit(OutInterfaceMatch match) {
        return option(match.negated(), "-o", InterfaceNames.inIptablesText(match.name()));
    }

    @Override
    public StringBuilder visit(ProtocolMatch match) {
        return option(match.negated(), "-p", match.protocol().text());
    }

    @Override
    public StringBuilder visit(ProtocolNumberMatch match) {
        return option(match.negated(), "-p", Integer.toString(match.number()));
    }

    @Override
    public StringBuilder visit(TransportMatch match) {
        module(match.protocol().text());
        match.source().ifPresent(p -> option(p.negated(), "--sport", p.range().text(':')));
        match.destination().ifPresent(p -> option(p.negated(), "--dport", p.range().text(':')));
        match.flags().ifPresent(this::flags);
        return text;
    }

    @Override
    public StringBuilder visit(MultiportMatch match) {
        return option("multiport", match.negated(), match.side() == Side.SOURCE ? "--sports" : "--dports",
                match.ports().stream().map(range -> range.text(':')).collect(Collectors.joining(",")));
    }

    @Override
    public StringBuilder visit(IcmpMatch match) {
        boolean v4 = match.protocol() == Protocol.ICMP;
        module(v4 ? "icmp" : "icmp6");
        return option(match.negated(), v4 ? "--icmp-type" : "--icmpv6-type",
                match.type() + (match.code().isPresent() ? "/" + match.code().getAsInt() : ""));
    }

    @Override
    public StringBuilder visit(MarkMatch match) {
        return option("mark", match.negated(), "--mark", matched(match.mark()));
    }

    @Override
    public StringBuilder visit(ConnmarkMatch match) {
        return option("connmark", match.negated(), "--mark", matched(match.mark()));
    }

    @Override
    public StringBuilder visit(ConntrackStateMatch match) {
        return option("conntrack", match.negated(), "--ctstate", names(match.states()));
    }

    @Override
    public StringBuilder visit(ConntrackStatusMatch match) {
        return option("conntrack", match.negated(), "--ctstatus", names(match.statuses()));
    }

    @Override
    public StringBuilder visit(SetMatch match) {
        return set(match.set(), match.side(), match.negated());
    }

    @Override
    public StringBuilder visit(PortSetMatch match) {
        return set(match.set(), match.side(), match.negated());
    }

    private StringBuilder set(String name, Side side, boolean negated) {
        return option("set", negated, "--match-set", name + (side == Side.SOURCE ? " src" : " dst"));
    }

    @Override
    public StringBuilder visit(AddressRangeMatch match) {
        return option("iprange", match.negated(), match.side() == Side.SOURCE ? "--src-range" : "--dst-range", match.range().toString());
    }

    @Override
    public StringBuilder visit(AddressTypeMatch match) {
        return option("addrtype", match.negated(), match.side() == Side.SOURCE ? "--src-type" : "--dst-type", match.type().name());
    }

    @Override
    public StringBuilder visit(OwnerUserMatch match) {
        return option("owner", match.negated(), "--uid-owner", range(match.first(), match.last()));
    }

    @Override
    public StringBuilder visit(OwnerGroupMatch match) {
        return option("owner", match.negated(), "--gid-owner", range(match.first(), match.last()));
    }

    @Override
    public StringBuilder visit(OwnerSocketMatch match) {
        return module("owner").append(match.negated() ? " !" : "").append(" --socket-exists");
    }

    @Override
    public StringBuilder visit(CgroupMatch match) {
        return option("cgroup", match.negated(), "--path", path(match.path()));
    }

    @Override
    public StringBuilder visit(SocketMatch match) {
        return module("socket").append(match.transparent() ? " --transparent" : "").append(match.anyAddress() ? " --nowildcard" : "");
    }

    @Override
    public StringBuilder visit(LimitMatch match) {
        module("limit").append(" --limit ").append(match.rate()).append('/').append(match.per().text());
        return match.burst() == DEFAULT_BURST ? text : text.append(" --limit-burst ").append(match.burst());
    }

    /** The kernel's number of draws has fewer digits than the text, which therefore loses nothing. */
    @Override
    public StringBuilder visit(RandomMatch match) {
        return module("statistic").append(" --mode random").append(match.negated() ? " !" : "").append(" --probability ")
                .append(new BigDecimal(match.probability()).setScale(PROBABILITY_DIGITS, RoundingMode.HALF_EVEN).toPlainString());
    }

    @Override
    public StringBuilder visit(NthMatch match) {
        return module("statistic").append(" --mode nth").append(match.negated() ? " !" : "").append(" --every ").append(match.every())
                .append(" --packet ").append(match.packet());
    }

    @Override
    public StringBuilder visit(ConnlimitMatch match) {
        return module("connlimit").append(match.above() ? " --connlimit-above " : " --connlimit-upto ").append(match.most())
                .append(" --connlimit-mask ").append(match.counted() == ConnlimitMatch.Counted.ALL ? 0 : family.bits())
                .append(match.counted() == ConnlimitMatch.Counted.DESTINATION ? " --connlimit-daddr" : " --connlimit-saddr");
    }

    @Override
    public StringBuilder visit(CommentMatch match) {
        return option("comment", false, "--comment", Words.quote(match.text()));
    }

    private void flags(TcpFlags flags) {
        option(flags.negated(), "--tcp-flags", flagNames(flags.examined()) + " " + flagNames(flags.set()));
    }

    private static String flagNames(Set<TcpFlag> flags) {
        return flags.isEmpty() ? "NONE" : names(flags);
    }

    private static <E extends Enum<E>> String names(Set<E> values) {
        return values.stream().sorted(Comparator.naturalOrder()).map(Enum::name).collect(Collectors.joining(","));
    }

    private static String range(long first, long last) {
        return first == last ? Long.toString(first) : first + "-" + last;
    }

    /** The tools print it without quotes, so that blanks would be lost when reading. */
    private static String path(String path) {
        if (path.startsWith("-") || path.startsWith("!") || path.chars().anyMatch(c -> c == ' ' || c == '\'' || c == '\\')) {
            throw new IllegalArgumentException("iptables-restore can't express the cgroup path " + Words.quote(path)
                    + ": it holds a blank, quote or backslash, or begins with - or !");
        }
        return Words.quote(path);
    }

    private StringBuilder module(String name) {
        return text.append(" -m ").append(name);
    }

    /** The only option of a module. */
    private StringBuilder option(String module, boolean negated, String name, String value) {
        module(module);
        return option(negated, name, value);
    }

    private StringBuilder option(boolean negated, String name, String value) {
        return text.append(negated ? " ! " : " ").append(name).append(' ').append(value);
    }

    /** In conditions a full mask is left out, in targets it isn't. */
    private static String matched(Mark mark) {
        return mark.mask() == -1 ? Mark.hex(mark.value()) : mark.toString();
    }
}
