package io.inpod.iptables.backend;

import io.inpod.iptables.Listing;
import io.inpod.iptables.Owner;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.text.Differences;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * What a namespace holds of an owner in tables that one back end doesn't see: its rules act there all the same. By whatever back end
 * sees them, also one that isn't to be used for new rules.
 */
final class OtherTables {
    private final Backend chosen;
    private final Owner owner;
    private final List<Backend> known;

    /** Knows the back ends that are given, and those of this library. */
    OtherTables(Backend chosen, Owner owner, List<Backend> given) {
        this.chosen = chosen;
        this.owner = owner;
        known = new ArrayList<>(given);
        known.addAll(Backends.all());
    }

    /** What should go, in words. */
    List<String> diff(NetworkNamespace namespace) throws IOException {
        List<String> differences = new ArrayList<>();
        each(namespace, (backend, held) -> Differences.between(held, RuleSet.nothing())
                .forEach(text -> differences.add(text + " (in the tables of " + backend.name() + ", to be removed)")));
        return differences;
    }

    /** Removes it: only after the new rules are in, so that the pod isn't open in between. Returns the back ends that had some. */
    List<String> remove(NetworkNamespace namespace) throws IOException {
        List<String> names = new ArrayList<>();
        each(namespace, (backend, held) -> {
            backend.remove(namespace, owner);
            names.add(backend.name());
        });
        return names;
    }

    private interface Work {
        void on(Backend backend, Listing held) throws IOException;
    }

    /** Tables by tables, by the first back end that can. What none of those that are usable can list is an error. */
    private void each(NetworkNamespace namespace, Work work) throws IOException {
        if (chosen.tables().contains(KernelTables.MEMORY)) {
            return;
        }
        for (KernelTables tables : EnumSet.complementOf(EnumSet.copyOf(chosen.tables()))) {
            IOException failure = null;
            boolean done = false;
            for (Backend backend : known) {
                if (!done && backend.tables().equals(Set.of(tables)) && backend.probe(namespace).usable()) {
                    try {
                        Listing held = backend.read(namespace, owner);
                        if (!held.isEmpty()) {
                            work.on(backend, held);
                        }
                        done = true;
                    } catch (IOException e) {
                        failure = failure == null ? e : failure;
                    }
                }
            }
            if (!done && failure != null) {
                throw failure;
            }
        }
    }
}
