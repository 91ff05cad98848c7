package io.inpod.iptables.backend;

import io.inpod.iptables.Listing;
import io.inpod.iptables.ManagedNames;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Which back ends can be used in a namespace, and which to use.
 *
 * @param candidates all that were looked at, the preferred first
 * @param chosen what to use; empty if none is usable
 * @param reason why that one, or what is missing, in words
 */
public record Detection(List<Candidate> candidates, Optional<Backend> chosen, String reason) {
    /**
     * One back end.
     *
     * @param backend which
     * @param usability whether it can be used there
     * @param holdsRules whether it found rules of the owner, or sets in tables of its own; two back ends with the same tables both find
     *     them. Sets of ipset alone don't count: they are in no table, and every back end for the tables of iptables finds them
     */
    public record Candidate(Backend backend, Usability usability, boolean holdsRules) {
    }

    /**
     * Copies the list.
     *
     * @param candidates all that were looked at, the preferred first
     * @param chosen what to use; empty if none is usable
     * @param reason why that one, or what is missing, in words
     */
    public Detection {
        candidates = List.copyOf(candidates);
    }

    /**
     * Chooses among back ends: one that already holds rules of the owner, so that they are replaced and not doubled; otherwise the
     * first that is usable.
     *
     * @param backends which, the preferred first
     * @param namespace where
     * @param names whose rules to look for
     * @return what was found and chosen
     * @throws IOException if the namespace can't be entered
     */
    public static Detection among(List<Backend> backends, NetworkNamespace namespace, ManagedNames names) throws IOException {
        List<Candidate> candidates = new ArrayList<>();
        for (Backend backend : backends) {
            candidates.add(look(backend, namespace, names));
        }
        return choose(candidates);
    }

    /**
     * As {@link #among}, but looks only as far as the choice needs, because most back ends run programs: once one is usable, others are
     * asked only about tables that nobody has looked into.
     */
    public static Detection brief(List<Backend> backends, NetworkNamespace namespace, ManagedNames names) throws IOException {
        Set<KernelTables> seen = EnumSet.noneOf(KernelTables.class);
        List<Candidate> candidates = new ArrayList<>();
        boolean usable = false;
        for (Backend backend : backends) {
            if (!usable || !settled(backend, seen, namespace)) {
                Candidate candidate = look(backend, namespace, names);
                candidates.add(candidate);
                if (candidate.usability().usable()) {
                    usable = true;
                    seen.addAll(backend.tables());
                }
            }
        }
        return choose(candidates);
    }

    /** Whether it is known already what a back end would find: others have looked into its tables, or there are none. */
    public static boolean settled(Backend backend, Set<KernelTables> seen, NetworkNamespace namespace) throws IOException {
        return seen.containsAll(backend.tables()) || backend.tables().equals(Set.of(KernelTables.LEGACY)) && !LegacyTables.exist(namespace);
    }

    private static Candidate look(Backend backend, NetworkNamespace namespace, ManagedNames names) throws IOException {
        Usability usability = backend.probe(namespace);
        return new Candidate(backend, usability, usability.usable() && holds(backend, backend.read(namespace, names)));
    }

    private static Detection choose(List<Candidate> candidates) {
        List<Candidate> usable = candidates.stream().filter(candidate -> candidate.usability().usable()).toList();
        Optional<Candidate> holder = usable.stream().filter(Candidate::holdsRules).findFirst();
        if (holder.isPresent()) {
            String others = String.join(", ", usable.stream()
                    .filter(c -> c.holdsRules() && Collections.disjoint(c.backend().tables(), holder.get().backend().tables())).map(c -> c.backend().name()).toList());
            return new Detection(candidates, Optional.of(holder.get().backend()), holder.get().backend().name() + " already holds rules here"
                    + (others.isEmpty() ? "" : ", and so do other tables: " + others));
        }
        if (usable.isEmpty()) {
            return new Detection(candidates, Optional.empty(), "no back end is usable: "
                    + String.join("; ", candidates.stream().map(c -> c.backend().name() + ": " + c.usability().reason()).toList()));
        }
        Candidate first = usable.get(0);
        String choice = candidates.size() == 1 ? " is usable: " : " is the first that is usable: ";
        return new Detection(candidates, Optional.of(first.backend()), first.backend().name() + choice + first.usability().reason());
    }

    private static boolean holds(Backend backend, Listing there) {
        return backend.layout() == Layout.IPTABLES ? !there.chains().isEmpty() : !there.isEmpty();
    }
}
