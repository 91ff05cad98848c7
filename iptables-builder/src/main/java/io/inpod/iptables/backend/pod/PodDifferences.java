package io.inpod.iptables.backend.pod;

import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Usability;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Compares the rules in a pod with those that should be there, by the back end that holds some, or the first that is usable.
 *
 * @param rules the rules that should be there
 * @param backends the back ends to choose from, the preferred first
 */
record PodDifferences(PodRules rules, List<Backend> backends) {
    /**
     * The differences.
     *
     * @param rules those in the tables of one back end
     * @param leftovers what is in tables that it doesn't see
     */
    record Found(List<String> rules, List<String> leftovers) {
        /** {@return all of them} */
        List<String> all() {
            List<String> all = new ArrayList<>(rules);
            all.addAll(leftovers);
            return List.copyOf(all);
        }
    }

    /** Returns one text for each difference. */
    Found in(NetworkNamespace namespace) throws IOException {
        Backend first = null;
        List<String> unusable = new ArrayList<>();
        BackendSearch search = new BackendSearch(namespace);
        for (Backend backend : backends) {
            if (!search.isNeeded(backend)) {
                continue;
            }
            Optional<List<String>> quick = diffIfReadable(backend, namespace);
            if (quick.isPresent() && quick.get().isEmpty()) {
                return by(backend, namespace, List.of());
            }
            Usability usability = backend.usability(namespace);
            if (!usability.usable()) {
                unusable.add(backend.name() + ": " + usability.reason());
                continue;
            }
            if (!backend.read(namespace, PodRules.NAMES).isEmpty()) {
                return by(backend, namespace, quick.isPresent() ? quick.get() : diff(backend, rules, namespace));
            }
            search.visited(backend);
            first = first == null ? backend : first;
        }
        if (first == null) {
            throw BackendSearch.noneUsable(namespace, unusable);
        }
        return by(first, namespace, diff(first, rules, namespace));
    }

    /** Compares before it is known whether the back end is usable: where all is well, nothing else need be asked. */
    private Optional<List<String>> diffIfReadable(Backend backend, NetworkNamespace namespace) {
        try {
            return Optional.of(diff(backend, rules, namespace));
        } catch (IOException e) { // its usability says why, or the next reading
            return Optional.empty();
        }
    }

    private static List<String> diff(Backend backend, PodRules some, NetworkNamespace namespace) throws IOException {
        return backend.diff(namespace, PodRules.NAMES, PodRulesChange.ruleSet(some, backend));
    }

    private Found by(Backend backend, NetworkNamespace namespace, List<String> found) throws IOException {
        return new Found(inTables(backend, namespace, found), new OtherTables(backend, PodRules.NAMES, backends).diff(namespace));
    }

    /** Where one family can't be redirected, its rejection is what should be there. */
    private List<String> inTables(Backend backend, NetworkNamespace namespace, List<String> differences) throws IOException {
        if (!differences.isEmpty() && rules.redirections().size() > 1) {
            for (IpFamily family : IpFamily.values()) {
                PodRules less = rules.without(family);
                if (diff(backend, less, namespace).isEmpty()
                        && PossibleFamilies.of(backend, rules).equals(Optional.of(less))) {
                    return List.of();
                }
            }
        }
        return differences;
    }
}
