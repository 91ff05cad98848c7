package io.inpod.iptables;

import java.util.List;

/** Which parts of a rule need which protocol; the kernel or the tools would refuse the rest. */
final class RuleCheck {
    private RuleCheck() {
    }

    /** Checks conditions that are in order. */
    static void check(List<Match> matches, Target target) {
        Protocol protocol = null;
        for (Match match : matches) {
            if (match instanceof ProtocolMatch p) {
                protocol = p.negated() ? null : p.protocol();
            } else if (match instanceof TransportMatch t && t.protocol() != protocol) { // comes after the protocol
                throw new IllegalArgumentException("rule asks for a " + t.protocol().text() + " header or port but not for protocol " + t.protocol().text());
            } else if (match instanceof IcmpMatch m && m.protocol() != protocol) {
                throw new IllegalArgumentException("rule asks for a type of " + m.protocol().text() + " but not for that protocol");
            }
        }
        if (needsPorts(target) && (protocol == null || !protocol.hasPorts())) {
            throw new IllegalArgumentException("rule with " + target + " needs the protocol tcp or udp");
        }
        if (target instanceof Target.Reject r && r.with() == RejectWith.TCP_RESET && protocol != Protocol.TCP) {
            throw new IllegalArgumentException("rule with " + target + " needs the protocol tcp");
        }
        if ((target instanceof Target.SetTcpMss || target instanceof Target.ClampTcpMss) && matches.stream().noneMatch(RuleCheck::syn)) {
            throw new IllegalArgumentException("rule with " + target + " needs a condition that the flag SYN is on");
        }
    }

    private static boolean needsPorts(Target target) {
        return target instanceof Target.Redirect || target instanceof Target.Tproxy || target instanceof Target.Dnat d && d.ports().isPresent()
                || target instanceof Target.Snat s && s.ports().isPresent();
    }

    /** As find_syn_match in the kernel's xt_TCPMSS. */
    private static boolean syn(Match match) {
        return match instanceof TransportMatch t && t.flags().map(f -> f.set().contains(TcpFlag.SYN) && !f.negated()).orElse(false);
    }
}
