package io.inpod.iptables.text;

import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.ConntrackStatusMatch;
import io.inpod.iptables.IcmpMatch;
import io.inpod.iptables.Limit;
import io.inpod.iptables.Mark;
import io.inpod.iptables.Match;
import io.inpod.iptables.OwnerGroupMatch;
import io.inpod.iptables.OwnerSocketMatch;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Rule;
import io.inpod.iptables.SetMatch;
import io.inpod.iptables.Side;
import io.inpod.iptables.SocketMatch;
import io.inpod.iptables.TcpFlag;
import io.inpod.iptables.TcpFlags;
import io.inpod.iptables.internal.InterfaceNames;
import io.inpod.iptables.internal.Words;
import io.inpod.netns.IpFamily;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Rules exactly as iptables-save prints them. Only numbers, checked names, fixed words and quoted text get into it.
 */
final class RuleText {
    private final StringBuilder text = new StringBuilder();

    private RuleText() { }

    /** The rule without {@code -A CHAIN}. */
    static String of(Rule rule, IpFamily family) {
        RuleText builder = new RuleText();
        rule.matches().forEach(builder::match);
        TargetText.append(builder.text, rule.target(), family);
        return builder.text.substring(1);
    }

    /** Some conditions alone. */
    static String conditions(List<Match> matches, IpFamily family) {
        RuleText builder = new RuleText();
        matches.forEach(builder::match);
        return builder.text.substring(1);
    }

    private void match(Match match) {
        if (match instanceof Match.Source m) {
            option(m.negated(), "-s", m.prefix().toString());
        } else if (match instanceof Match.Destination m) {
            option(m.negated(), "-d", m.prefix().toString());
        } else if (match instanceof Match.InInterface m) {
            option(m.negated(), "-i", InterfaceNames.inIptablesText(m.name()));
        } else if (match instanceof Match.OutInterface m) {
            option(m.negated(), "-o", InterfaceNames.inIptablesText(m.name()));
        } else if (match instanceof Match.IpProtocol m) {
            option(m.negated(), "-p", m.protocol().text());
        } else if (match instanceof Match.Transport m) {
            text.append(" -m ").append(m.protocol().text());
            m.source().ifPresent(p -> option(p.negated(), "--sport", p.range().text(':')));
            m.destination().ifPresent(p -> option(p.negated(), "--dport", p.range().text(':')));
            m.flags().ifPresent(this::flags);
        } else if (match instanceof Match.PacketMark m) {
            text.append(" -m mark");
            option(m.negated(), "--mark", matched(m.mark()));
        } else if (match instanceof Match.ConnectionMark m) {
            text.append(" -m connmark");
            option(m.negated(), "--mark", matched(m.mark()));
        } else if (match instanceof Match.Conntrack m) {
            text.append(" -m conntrack");
            option(m.negated(), "--ctstate", names(m.states()));
        } else if (match instanceof ConntrackStatusMatch m) {
            text.append(" -m conntrack");
            option(m.negated(), "--ctstatus", names(m.statuses()));
        } else {
            extension(match);
        }
    }

    private void extension(Match match) {
        if (match instanceof SetMatch m) {
            text.append(" -m set");
            option(m.negated(), "--match-set", m.set() + (m.side() == Side.SOURCE ? " src" : " dst"));
        } else if (match instanceof IcmpMatch m) {
            boolean v4 = m.protocol() == Protocol.ICMP;
            text.append(v4 ? " -m icmp" : " -m icmp6");
            option(m.negated(), v4 ? "--icmp-type" : "--icmpv6-type", m.type() + (m.code().isPresent() ? "/" + m.code().getAsInt() : ""));
        } else if (match instanceof AddressTypeMatch m) {
            text.append(" -m addrtype");
            option(m.negated(), m.side() == Side.SOURCE ? "--src-type" : "--dst-type", m.type().name());
        } else if (match instanceof OwnerUserMatch m) {
            text.append(" -m owner");
            option(m.negated(), "--uid-owner", range(m.first(), m.last()));
        } else if (match instanceof OwnerGroupMatch m) {
            text.append(" -m owner");
            option(m.negated(), "--gid-owner", range(m.first(), m.last()));
        } else if (match instanceof OwnerSocketMatch m) {
            text.append(" -m owner").append(m.negated() ? " !" : "").append(" --socket-exists");
        } else if (match instanceof CgroupMatch m) {
            text.append(" -m cgroup");
            option(m.negated(), "--path", path(m.path()));
        } else if (match instanceof SocketMatch m) {
            text.append(" -m socket").append(m.transparent() ? " --transparent" : "").append(m.anyAddress() ? " --nowildcard" : "");
        } else if (match instanceof CommentMatch m) {
            text.append(" -m comment");
            option(false, "--comment", Words.quote(m.text()));
        } else if (match instanceof Limit m) {
            text.append(" -m limit --limit ").append(m.rate()).append('/').append(m.per().text());
            if (m.burst() != 5) {
                text.append(" --limit-burst ").append(m.burst());
            }
        }
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
            throw new IllegalArgumentException("iptables-restore can't express the cgroup path " + Words.quote(path) + ": it holds a blank, quote or backslash, or begins with - or !");
        }
        return Words.quote(path);
    }

    private void option(boolean negated, String name, String value) {
        text.append(negated ? " ! " : " ").append(name).append(' ').append(value);
    }

    /** In conditions a full mask is left out, in targets it isn't. */
    private static String matched(Mark mark) {
        return mark.mask() == -1 ? Mark.hex(mark.value()) : mark.toString();
    }
}
