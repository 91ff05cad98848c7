package io.inpod.iptables;

import java.util.List;

/**
 * A safety net under {@link InPodRedirection}: TCP that would leave the pod past the proxy, because connection tracking knows nothing
 * of it, is dropped instead.
 *
 * <p>REDIRECT lives in the connection's entry. When the entry is lost under a live connection (a flush, an eviction, a timeout), the
 * kernel takes the application's next segment for invalid if {@code nf_conntrack_tcp_loose} is 0; invalid packets skip nat, and so
 * the segment would go to its original destination, in clear. What carries the proxy's mark passes, and so does loopback.
 *
 * <p>It lies in a chain of its own behind mangle POSTROUTING: only there the outgoing interface is the one that nat chose.
 *
 * @param family the family of the rules; a pod with both needs both
 */
public record PodGuard(IpFamily family) {
    /** The name of its chain. */
    public static final String CHAIN = "INPOD_GUARD";

    /** {@return the rules} */
    public RuleSet ruleSet() {
        Rule lost = Rule.of(new Target.Drop(), Match.out("lo").not(), Match.protocol(Protocol.TCP), Match.mark(InPodRedirection.PROXY).not(),
                Match.conntrack(ConntrackState.INVALID, ConntrackState.UNTRACKED));
        return RuleSet.of(family, new Table(TableName.MANGLE,
                List.of(Chain.of(Hook.POSTROUTING.name(), Rule.of(new Target.Jump(CHAIN))), Chain.of(CHAIN, lost))));
    }
}
