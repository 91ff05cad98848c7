package io.inpod.iptables.backend.pod;

import io.inpod.iptables.Listing;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Layout;
import io.inpod.iptables.backend.internal.tools.KernelFamilies;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Replaces whatever rules of a pod one back end finds, without opening the pod meanwhile or cutting off its older connections.
 *
 * @param backend the back end
 * @param rules the new rules
 * @param reasons receives what couldn't be done for older connections
 */
record PodUpgrade(Backend backend, PodRules rules, Consumer<String> reasons) {
    private static final Listing NOTHING = new Listing(List.of(), List.of());

    /**
     * Replaces the rules.
     *
     * @param fresh whether it has just been seen that there are none
     */
    void install(NetworkNamespace namespace, boolean fresh) throws IOException {
        boolean known = rules.guard() && OlderConnections.exist(namespace);
        boolean older = false;
        if (known || backend.layout() == Layout.IPTABLES || !rules.guard()) {
            Listing found = fresh ? NOTHING : backend.read(namespace, PodRules.NAMES);
            older = known && !OlderConnections.guarded(found);
            if (older) {
                admitOlder(namespace);
            }
            if (!found.isEmpty()) {
                prepare(namespace, found);
            }
        }
        backend.apply(namespace, PodRules.NAMES, ruleSet());
        if (older) {
            admitOlder(namespace); // those that began while the rules changed
        }
    }

    /** Without this the pod is closed to those connections, but its rules are complete: a failure is no reason to undo them. */
    void admitOlder(NetworkNamespace namespace) {
        try {
            OlderConnections.admit(namespace);
        } catch (IOException e) {
            reasons.accept("connections that are older than the guard may end, because they can't be admitted: " + e.getMessage());
        }
    }

    /**
     * Over older rules, an intermediate step keeps the pod closed: where tables change one after the other, and before rules without the
     * guard. A packet that has passed the old mangle table before a change, and passes the new nat table after it, meets no redirection,
     * even if both tables change in one transaction; the guard then drops it.
     */
    private void prepare(NetworkNamespace namespace, Listing found) throws IOException {
        if (rules.guard() && backend.layout() == Layout.INET) {
            return;
        }
        if (!rules.guard() && backend.diff(namespace, PodRules.NAMES, ruleSet()).isEmpty()) {
            return;
        }
        RuleSet between = between(rules.guard() ? rules : rules.withGuard(true), found);
        if (!between.equals(ruleSet())) {
            backend.apply(namespace, PodRules.NAMES, between);
        }
    }

    private RuleSet between(PodRules closed, Listing found) {
        if (backend.layout() == Layout.INET) {
            return closed.inet();
        }
        Map<IpFamily, RuleSet> old = new EnumMap<>(IpFamily.class);
        for (IpFamily family : IpFamily.values()) {
            try {
                old.put(family, found.ruleSet(family));
            } catch (IllegalStateException e) {
                return PodRulesChange.ruleSet(closed, backend); // rules that can't be expressed were changed by hand: replaced immediately
            }
        }
        RuleSet between = closed.after(old);
        return KernelFamilies.has(IpFamily.V6) ? between : between.only(IpFamily.V4);
    }

    private RuleSet ruleSet() {
        return PodRulesChange.ruleSet(rules, backend);
    }
}
