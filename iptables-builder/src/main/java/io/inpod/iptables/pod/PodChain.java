package io.inpod.iptables.pod;

import io.inpod.iptables.Rule;
import io.inpod.iptables.Target;

/**
 * A chain of a pod's rules.
 *
 * @param name its name
 * @param jump the rule that sends all packets to it
 */
record PodChain(String name, ScopedRule jump) {
    static PodChain of(String name) {
        return new PodChain(name, ScopedRule.of(Rule.of(new Target.Jump(name))));
    }
}
