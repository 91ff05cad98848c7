package io.inpod.iptables;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Checks that a rule asks for the protocol that its parts need; the kernel or the tools would refuse it otherwise. */
final class RuleCheck {
    private RuleCheck() {}

    /** Checks conditions that are in order: the protocol comes before what needs it. */
    static void check(List<Match> matches, Target target) {
        if (target instanceof Target.Raw raw) {
            checkRaw(matches, raw);
        }
        Protocol protocol = null;
        for (int i = 0; i < matches.size(); i++) {
            Match match = matches.get(i);
            if (match instanceof ProtocolMatch p) {
                protocol = p.negated() ? null : p.protocol();
            }
            Protocol needed = MatchTraits.of(match).protocol();
            if (needed != null && needed != protocol) {
                throw new IllegalArgumentException(
                        needed.hasPorts() ? "rule asks for a " + needed.text() + " header or port but not for protocol " + needed.text()
                                : "rule asks for a type of " + needed.text() + " but not for that protocol");
            }
        }
        check(matches, protocol, target);
    }

    private static void check(List<Match> matches, @Nullable Protocol protocol, Target target) {
        String missing = switch (TargetTraits.of(target).need()) {
            case NOTHING -> null;
            case PORTS -> protocol == null || !protocol.hasPorts() ? "the protocol tcp or udp" : null;
            case TCP -> protocol != Protocol.TCP ? "the protocol tcp" : null;
            case SYN -> matches.stream().noneMatch(RuleCheck::syn) ? "a condition that the flag SYN is on" : null;
        };
        if (missing != null) {
            throw new IllegalArgumentException("rule with " + target + " needs " + missing);
        }
    }

    private static void checkRaw(List<Match> matches, Target.Raw raw) {
        for (Match match : matches) {
            boolean beside = match instanceof FamilyMatch && raw.form() != RawForm.NFT
                    || match instanceof CommentMatch && raw.form() == RawForm.NETLINK;
            if (!beside) {
                throw new IllegalArgumentException(
                        "raw rule of the form " + raw.form() + " has " + match + " beside it: write it into its text");
            }
        }
    }

    /** As find_syn_match in the kernel's xt_TCPMSS. */
    private static boolean syn(Match match) {
        return match instanceof TransportMatch t && t.flags().map(f -> f.set().contains(TcpFlag.SYN) && !f.negated()).orElse(false);
    }
}
