package io.inpod.iptables.text;

import io.inpod.iptables.AddressType;
import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.CgroupMatch;
import io.inpod.iptables.CommentMatch;
import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.ConntrackStatus;
import io.inpod.iptables.ConntrackStatusMatch;
import io.inpod.iptables.IcmpMatch;
import io.inpod.iptables.IpPrefix;
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
import io.inpod.iptables.Target;
import io.inpod.iptables.TcpFlag;
import io.inpod.iptables.TcpFlags;
import io.inpod.iptables.internal.InterfaceNames;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One rule in an {@code inet} table, as nft(8) reads it: family, interfaces, protocol, addresses, then the other conditions as given; a
 * counter before whatever is no jump. Only numbers, checked names, fixed words and quoted text get into it.
 */
final class NftRule {
    private final List<String> parts = new ArrayList<>();

    private NftRule() {
    }

    /**
     * The rule, mostly one text. TPROXY needs two: nf_tables goes on with the next rule when there is no socket, where x_tables drops.
     *
     * @param only the family to which a rule that names none is restricted, if there is one
     */
    static List<String> of(Rule rule, Optional<IpFamily> only) {
        NftRule text = new NftRule();
        text.conditions(rule, only);
        String conditions = String.join(" ", text.parts);
        String comment = rule.matches().stream().filter(CommentMatch.class::isInstance).map(m -> " comment \"" + ((CommentMatch) m).text() + "\"").findFirst().orElse("");
        String start = conditions.isEmpty() ? "" : conditions + " ";
        boolean leads = rule.target().destination().isPresent();
        String whole = start + (leads ? "" : "counter ") + NftTarget.of(rule.target(), rule.onlyFamily().or(() -> only)) + comment;
        if (rule.target() instanceof Target.Tproxy) {
            if (rule.matches().stream().anyMatch(Limit.class::isInstance)) {
                throw cannot("TPROXY with a limit, which it would count twice");
            }
            return List.of(whole, start + "counter drop");
        }
        return List.of(whole);
    }

    private void conditions(Rule rule, Optional<IpFamily> only) {
        boolean addressed = rule.matches().stream().anyMatch(m -> m instanceof Match.Source || m instanceof Match.Destination || m instanceof SetMatch);
        Optional<IpFamily> family = rule.onlyFamily().or(() -> only);
        if (family.isPresent() && !addressed) {
            parts.add("meta nfproto " + (family.get() == IpFamily.V4 ? "ipv4" : "ipv6"));
        }
        for (Match match : rule.matches()) {
            if (match instanceof Match.InInterface m) {
                parts.add("iifname" + not(m.negated()) + '"' + InterfaceNames.inNftText(m.name()) + '"');
            } else if (match instanceof Match.OutInterface m) {
                parts.add("oifname" + not(m.negated()) + '"' + InterfaceNames.inNftText(m.name()) + '"');
            }
        }
        boolean header = rule.matches().stream().anyMatch(m -> m instanceof Match.Transport || m instanceof IcmpMatch);
        for (Match match : rule.matches()) {
            if (match instanceof Match.IpProtocol m && (!header || m.negated())) {
                parts.add("meta l4proto" + not(m.negated()) + m.protocol().text());
            }
        }
        for (Match match : rule.matches()) {
            if (match instanceof Match.Source m) {
                parts.add(field(m.prefix()) + "saddr" + not(m.negated()) + m.prefix());
            } else if (match instanceof Match.Destination m) {
                parts.add(field(m.prefix()) + "daddr" + not(m.negated()) + m.prefix());
            } else {
                other(match);
            }
        }
    }

    private void other(Match match) {
        if (match instanceof Match.Transport m) {
            transport(m);
        } else if (match instanceof Match.PacketMark m) {
            mark("meta mark", m.mark(), m.negated());
        } else if (match instanceof Match.ConnectionMark m) {
            mark("ct mark", m.mark(), m.negated());
        } else if (match instanceof Match.Conntrack m) {
            bits("ct state", m.states(), m.negated());
        } else if (match instanceof ConntrackStatusMatch m) {
            bits("ct status", m.statuses(), m.negated());
        } else if (match instanceof SetMatch m) {
            parts.add((m.family() == IpFamily.V4 ? "ip " : "ip6 ") + (m.side() == Side.SOURCE ? "saddr" : "daddr") + not(m.negated()) + "@" + m.set());
        } else if (match instanceof AddressTypeMatch m) {
            parts.add("fib " + (m.side() == Side.SOURCE ? "saddr" : "daddr") + " type" + not(m.negated()) + word(m.type()));
        } else if (match instanceof IcmpMatch m) {
            icmp(m);
        } else if (match instanceof OwnerUserMatch m) {
            owner("meta skuid", m.first(), m.last(), m.negated());
        } else if (match instanceof OwnerGroupMatch m) {
            owner("meta skgid", m.first(), m.last(), m.negated());
        } else if (match instanceof OwnerSocketMatch) {
            throw cannot("whether a socket sends the packet");
        } else if (match instanceof CgroupMatch m) {
            if (m.negated()) {
                throw cannot("that a socket's cgroup lies outside " + m.path() + " (cgroups further up have none at that level, and no comparison with them is true)");
            }
            parts.add("socket cgroupv2 level " + (1 + m.path().chars().filter(c -> c == '/').count()) + " \"" + m.path() + '"');
        } else if (match instanceof SocketMatch m) {
            socket(m);
        } else if (match instanceof Limit m) {
            parts.add("limit rate " + m.rate() + "/" + word(m.per()) + " burst " + m.burst() + " packets");
        }
    }

    private void transport(Match.Transport m) {
        String header = m.protocol().text();
        m.source().ifPresent(p -> parts.add(header + " sport" + not(p.negated()) + p.range().text('-')));
        m.destination().ifPresent(p -> parts.add(header + " dport" + not(p.negated()) + p.range().text('-')));
        m.flags().ifPresent(this::flags);
        if (m.source().isEmpty() && m.destination().isEmpty() && m.flags().isEmpty()) {
            parts.add(header + " sport 0-65535"); // that the header is whole: loading the port fails otherwise
        }
    }

    private void flags(TcpFlags flags) {
        parts.add("tcp flags & " + flags(flags.examined()) + (flags.negated() ? " != " : " == ") + (flags.set().isEmpty() ? "0x0" : flags(flags.set())));
    }

    private static String flags(Set<TcpFlag> flags) {
        return "(" + words(flags, "|") + ")";
    }

    private void mark(String field, Mark mark, boolean negated) {
        String operator = negated ? " != " : " == ";
        parts.add(mark.mask() == -1 ? field + operator + Mark.hex(mark.value()) : field + " & " + Mark.hex(mark.mask()) + operator + Mark.hex(mark.value()));
    }

    private <E extends Enum<E>> void bits(String field, Set<E> values, boolean negated) {
        parts.add(negated ? field + " & (" + words(values, "|") + ") == 0" : field + " " + words(values, ","));
    }

    private void icmp(IcmpMatch m) {
        String header = m.protocol() == Protocol.ICMP ? "icmp" : "icmpv6";
        if (m.negated() && m.code().isPresent()) {
            throw cannot("all but one type and code of " + header);
        }
        parts.add(header + " type" + not(m.negated()) + m.type() + (m.code().isPresent() ? " " + header + " code " + m.code().getAsInt() : ""));
    }

    private void owner(String field, long first, long last, boolean negated) {
        if (negated) {
            throw cannot("all but some owners: a packet without a socket has none, and would not be matched");
        }
        parts.add(field + " " + (first == last ? Long.toString(first) : first + "-" + last));
    }

    private void socket(SocketMatch m) {
        if (m.anyAddress() && !m.transparent()) {
            throw cannot("any socket whatever its address");
        }
        if (m.transparent()) {
            parts.add("socket transparent 1");
        }
        if (!m.anyAddress()) {
            parts.add("socket wildcard 0");
        }
    }

    static IllegalArgumentException cannot(String what) {
        return new IllegalArgumentException("nft can't express " + what);
    }

    private static String field(IpPrefix prefix) {
        return prefix.family() == IpFamily.V4 ? "ip " : "ip6 ";
    }

    private static String not(boolean negated) {
        return negated ? " != " : " ";
    }

    private static <E extends Enum<E>> String words(Set<E> values, String separator) {
        return values.stream().sorted().map(NftRule::word).collect(Collectors.joining(separator));
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The numbers by which the kernel knows the names, linux/netfilter/nf_conntrack_common.h and linux/rtnetlink.h. */
    static int bit(ConntrackState state) {
        return switch (state) {
            case INVALID -> 1;
            case ESTABLISHED -> 2;
            case RELATED -> 4;
            case NEW -> 8;
            case UNTRACKED -> 64;
        };
    }

    static int bit(ConntrackStatus status) {
        return 1 << status.ordinal();
    }

    static int number(AddressType type) {
        return type.ordinal() + 1;
    }
}
