package io.inpod.iptables.backend.pod;

import io.inpod.iptables.Listing;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.KernelTables;
import io.inpod.iptables.backend.Layout;
import io.inpod.iptables.backend.LegacyTables;
import io.inpod.iptables.text.Differences;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;

/**
 * What a namespace holds of an owner in tables that one back end doesn't see: its rules act there all the same. By whatever back end
 * sees them, also one that isn't to be used for new rules.
 */
final class OtherTables {
    private final Backend chosen;
    private final ManagedNames managed;
    private final List<Backend> known;

    /** Knows the back ends that are given, and those of this library. */
    OtherTables(Backend chosen, ManagedNames managed, List<Backend> given) {
        this.chosen = chosen;
        this.managed = managed;
        known = new ArrayList<>(given);
        known.addAll(Backends.all());
    }

    /** What should go, in words. */
    List<String> diff(NetworkNamespace namespace) throws IOException {
        List<String> differences = new ArrayList<>();
        each(namespace, OtherTables::rules, (backend, held) -> Differences.between(held, RuleSet.nothing())
                .forEach(text -> differences.add(text + " (in the tables of " + backend.name() + ", to be removed)")));
        ipsets(namespace, (backend, held) -> held.sets()
                .forEach(set -> differences.add("set " + set.name() + " of ipset is foreign (to be removed)")));
        return differences;
    }

    /** Removes it: only after the new rules are in, so that the pod isn't open in between. Returns the back ends that had some. */
    List<String> remove(NetworkNamespace namespace) throws IOException {
        List<String> names = new ArrayList<>();
        each(namespace, OtherTables::rules, (backend, held) -> {
            backend.remove(namespace, rules(backend, managed));
            names.add(backend.name());
        });
        ipsets(namespace, (backend, held) -> backend.remove(namespace, managed));
        return names;
    }

    /** The tables of both implementations of iptables use the same ipsets: those don't belong to the one or the other. */
    private static ManagedNames rules(Backend backend, ManagedNames managed) {
        return backend.layout() == Layout.IPTABLES ? new ManagedNames(managed.chains(), managed.tablePrefix(), Set.of()) : managed;
    }

    /** If no rules of iptables are meant to be here, neither are ipsets; rules that ask for them are gone already, or foreign. */
    private void ipsets(NetworkNamespace namespace, Work work) throws IOException {
        if (chosen.layout() == Layout.IPTABLES || managed.sets().isEmpty()) {
            return;
        }
        boolean[] done = {false};
        each(namespace, (backend, all) -> all, (backend, held) -> {
            if (!done[0] && !held.sets().isEmpty()) {
                done[0] = true;
                work.on(backend, held);
            }
        });
    }

    private interface Work {
        void on(Backend backend, Listing held) throws IOException;
    }

    /** Tables by tables, by the first back end that can. What none of those that are usable can list is an error. */
    private void each(NetworkNamespace namespace, BiFunction<Backend, ManagedNames, ManagedNames> whose, Work work) throws IOException {
        if (chosen.tables().contains(KernelTables.MEMORY)) {
            return;
        }
        Set<KernelTables> others = EnumSet.complementOf(EnumSet.copyOf(chosen.tables()));
        if (!LegacyTables.exist(namespace)) {
            others.remove(KernelTables.LEGACY);
        }
        for (KernelTables tables : others) {
            IOException failure = null;
            boolean done = false;
            for (Backend backend : known) {
                if (!done && backend.tables().equals(Set.of(tables)) && backend.probe(namespace).usable()) {
                    try {
                        Listing held = backend.read(namespace, whose.apply(backend, managed));
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
