package io.inpod.iptables.backend.pod;

import io.inpod.iptables.Listing;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.KernelTables;
import io.inpod.iptables.backend.Layout;
import io.inpod.iptables.backend.internal.tools.LegacyTables;
import io.inpod.iptables.text.Differences;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;

/**
 * The managed rules of a namespace in tables that the chosen back end doesn't see, where they act nevertheless. They are read and removed
 * by any back end that sees them, including ones that aren't used for new rules.
 */
final class OtherTables {
    private final Backend chosen;
    private final ManagedNames managed;
    private final Set<KernelTables> empty;
    private final List<Backend> known;

    /** Uses the given back ends, and those of this library. */
    OtherTables(Backend chosen, ManagedNames managed, List<Backend> given) {
        this(chosen, managed, given, Set.of());
    }

    /** Doesn't look at tables in which, as has just been seen, there are no rules of these names. */
    OtherTables(Backend chosen, ManagedNames managed, List<Backend> given, Set<KernelTables> empty) {
        this.chosen = chosen;
        this.managed = managed;
        this.empty = empty;
        known = new ArrayList<>(given);
        known.addAll(Backends.all());
    }

    /** Returns in words what should be removed. */
    List<String> diff(NetworkNamespace namespace) throws IOException {
        List<String> differences = new ArrayList<>();
        each(namespace, OtherTables::rules, (backend, held) -> Differences.between(held, RuleSet.nothing())
                .forEach(text -> differences.add(text + " (in the tables of " + backend.name() + ", to be removed)")));
        ipsets(namespace, (backend, held) -> held.sets()
                .forEach(set -> differences.add("set " + set.name() + " of ipset is foreign (to be removed)")));
        return differences;
    }

    /**
     * Removes them. Only to be called with the new rules in place, so that the pod is never open. Returns the back ends that found some.
     */
    List<String> remove(NetworkNamespace namespace) throws IOException {
        List<String> names = new ArrayList<>();
        each(namespace, OtherTables::rules, (backend, held) -> {
            backend.remove(namespace, rules(backend, managed));
            names.add(backend.name());
        });
        ipsets(namespace, (backend, held) -> backend.remove(namespace, managed));
        return names;
    }

    /** Without the sets of iptables: the tables of both implementations share the same ipsets. */
    private static ManagedNames rules(Backend backend, ManagedNames managed) {
        return backend.layout() == Layout.IPTABLES ? new ManagedNames(managed.chains(), managed.tablePrefix(), Set.of()) : managed;
    }

    /** Where no rules of iptables should be, no ipsets should be. Rules that refer to them are gone by now, or foreign. */
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

    /** Visits each kind of tables with the first back end that can list it. If usable ones exist and none can, that is an error. */
    private void each(NetworkNamespace namespace, BiFunction<Backend, ManagedNames, ManagedNames> whose, Work work) throws IOException {
        if (chosen.tables().contains(KernelTables.MEMORY)) {
            return;
        }
        Set<KernelTables> others = EnumSet.complementOf(EnumSet.copyOf(chosen.tables()));
        others.removeAll(empty);
        if (others.contains(KernelTables.LEGACY) && !LegacyTables.exist(namespace)) {
            others.remove(KernelTables.LEGACY);
        }
        for (KernelTables tables : others) {
            IOException failure = null;
            boolean done = false;
            for (Backend backend : known) {
                if (!done && backend.tables().equals(Set.of(tables))) {
                    try {
                        Listing held = backend.read(namespace, whose.apply(backend, managed));
                        if (!held.isEmpty()) {
                            work.on(backend, held);
                        }
                        done = true;
                    } catch (IOException e) {
                        if (failure == null && backend.usability(namespace).usable()) {
                            failure = e;
                        }
                    }
                }
            }
            if (!done && failure != null) {
                throw failure;
            }
        }
    }
}
