package io.inpod.iptables.backend.pod;

import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Whether a kernel that can't redirect two families can redirect one of them: tried in a temporary namespace. */
final class PossibleFamilies {
    private PossibleFamilies() {}

    /** Returns the rules that this kernel supports, if it can't redirect one of two families. */
    static Optional<PodRules> of(Backend backend, PodRules rules) throws IOException {
        if (rules.redirections().size() < 2 || works(backend, rules)) {
            return Optional.empty();
        }
        for (IpFamily family : List.of(IpFamily.V6, IpFamily.V4)) {
            if (works(backend, rules.without(family))) {
                return Optional.of(rules.without(family));
            }
        }
        return Optional.empty();
    }

    private static boolean works(Backend backend, PodRules some) throws IOException {
        try (NetworkNamespace scratch = NetworkNamespace.create()) {
            backend.apply(scratch, PodRules.NAMES, PodRulesChange.ruleSet(some, backend));
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
