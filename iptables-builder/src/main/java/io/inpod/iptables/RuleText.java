package io.inpod.iptables;

import java.util.Comparator;
import java.util.stream.Collectors;

/**
 * Rules exactly as iptables-save prints them, so that what was meant and what the kernel has can be compared as text. Only numbers,
 * checked names and fixed words get into it.
 */
final class RuleText {
    private final IpFamily family;
    private final StringBuilder text = new StringBuilder();

    private RuleText(IpFamily family) {
        this.family = family;
    }

    /** The rule without {@code -A CHAIN}. */
    static String of(Rule rule, IpFamily family) {
        RuleText builder = new RuleText(family);
        rule.matches().forEach(builder::match);
        builder.target(rule.target());
        return builder.text.substring(1);
    }

    private void match(Match match) {
        if (match instanceof Match.Source m) {
            option(m.negated(), "-s", m.prefix().toString());
        } else if (match instanceof Match.Destination m) {
            option(m.negated(), "-d", m.prefix().toString());
        } else if (match instanceof Match.InInterface m) {
            option(m.negated(), "-i", InterfaceNames.inText(m.name()));
        } else if (match instanceof Match.OutInterface m) {
            option(m.negated(), "-o", InterfaceNames.inText(m.name()));
        } else if (match instanceof Match.IpProtocol m) {
            option(m.negated(), "-p", m.protocol().text());
        } else if (match instanceof Match.Transport m) {
            text.append(" -m ").append(m.protocol().text());
            m.source().ifPresent(p -> option(p.negated(), "--sport", p.range().text(':')));
            m.destination().ifPresent(p -> option(p.negated(), "--dport", p.range().text(':')));
        } else if (match instanceof Match.PacketMark m) {
            text.append(" -m mark");
            option(m.negated(), "--mark", matched(m.mark()));
        } else if (match instanceof Match.ConnectionMark m) {
            text.append(" -m connmark");
            option(m.negated(), "--mark", matched(m.mark()));
        } else if (match instanceof Match.Conntrack m) {
            text.append(" -m conntrack");
            option(m.negated(), "--ctstate", m.states().stream().sorted(Comparator.naturalOrder()).map(Enum::name).collect(Collectors.joining(",")));
        }
    }

    private void option(boolean negated, String name, String value) {
        text.append(negated ? " ! " : " ").append(name).append(' ').append(value);
    }

    /** In conditions a full mask is left out, in targets it isn't. */
    private static String matched(Mark mark) {
        return mark.mask() == -1 ? Mark.hex(mark.value()) : mark.toString();
    }

    private void target(Target target) {
        text.append(" -j ");
        if (target instanceof Target.Accept) {
            text.append("ACCEPT");
        } else if (target instanceof Target.Drop) {
            text.append("DROP");
        } else if (target instanceof Target.Return) {
            text.append("RETURN");
        } else if (target instanceof Target.Reject t) {
            text.append("REJECT --reject-with ").append(t.with().text(family));
        } else if (target instanceof Target.Jump t) {
            text.append(t.chain());
        } else if (target instanceof Target.Redirect t) {
            text.append("REDIRECT --to-ports ").append(t.ports().text('-'));
        } else if (target instanceof Target.Tproxy t) {
            text.append("TPROXY --on-port ").append(t.port()).append(" --on-ip ").append(family.any()).append(" --tproxy-mark ").append(t.mark());
        } else if (target instanceof Target.SetConnmark t) {
            text.append("CONNMARK --set-xmark ").append(t.mark());
        } else if (target instanceof Target.RestoreConnmark t) {
            text.append("CONNMARK --restore-mark --nfmask ").append(Mark.hex(t.packetMask())).append(" --ctmask ").append(Mark.hex(t.connectionMask()));
        } else if (target instanceof Target.ConntrackZone t) {
            text.append("CT --zone ").append(t.zone());
        }
    }
}
