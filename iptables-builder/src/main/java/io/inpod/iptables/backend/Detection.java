package io.inpod.iptables.backend;

import io.inpod.iptables.Listing;
import io.inpod.iptables.ManagedNames;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * The back ends that can be used in a namespace, and the choice among them.
 *
 * @param candidates the back ends that were looked at, the preferred first
 * @param chosen the back end to use; empty if none is usable
 * @param reason why that one, or what is missing, in words
 */
public record Detection(List<Candidate> candidates, Optional<Backend> chosen, String reason) {
    /**
     * The findings about one back end.
     *
     * @param backend the back end
     * @param usability whether it can be used in the namespace
     * @param holdsRules whether it found managed rules, or sets in its own tables. Two back ends for the same tables both find them. Sets
     *     of ipset alone don't count: they are in no table, and every back end for the tables of iptables finds them
     */
    public record Candidate(Backend backend, Usability usability, boolean holdsRules) {
        /**
         * Looks at one back end.
         *
         * @param backend the back end
         * @param namespace the namespace
         * @param names the names of the rules to look for
         * @return what was found out
         * @throws IOException if the namespace can't be entered
         */
        public static Candidate of(Backend backend, NetworkNamespace namespace, ManagedNames names) throws IOException {
            Usability usability = backend.usability(namespace);
            return new Candidate(backend, usability, usability.usable() && holds(backend, backend.read(namespace, names)));
        }

        private static boolean holds(Backend backend, Listing found) {
            return backend.layout() == Layout.IPTABLES ? !found.chains().isEmpty() : !found.isEmpty();
        }
    }

    /**
     * Copies the list.
     *
     * @param candidates see {@link #candidates()}
     * @param chosen see {@link #chosen()}
     * @param reason see {@link #reason()}
     */
    public Detection {
        candidates = List.copyOf(candidates);
    }

    /**
     * Looks at back ends and chooses one of them, see {@link #of}.
     *
     * @param backends the back ends, the preferred first
     * @param namespace the namespace
     * @param names the names of the rules to look for
     * @return what was found and chosen
     * @throws IOException if the namespace can't be entered
     */
    public static Detection among(List<Backend> backends, NetworkNamespace namespace, ManagedNames names) throws IOException {
        List<Candidate> candidates = new ArrayList<>();
        for (Backend backend : backends) {
            candidates.add(Candidate.of(backend, namespace, names));
        }
        return of(candidates);
    }

    /**
     * Chooses among back ends: one that already holds managed rules, so that they are replaced and not duplicated; otherwise the first that
     * is usable.
     *
     * @param candidates the back ends that were looked at, the preferred first
     * @return the choice
     */
    public static Detection of(List<Candidate> candidates) {
        List<Candidate> usable = candidates.stream().filter(candidate -> candidate.usability().usable()).toList();
        Optional<Candidate> holder = usable.stream().filter(Candidate::holdsRules).findFirst();
        if (holder.isPresent()) {
            String others = String.join(", ", usable.stream()
                    .filter(c -> c.holdsRules() && Collections.disjoint(c.backend().tables(), holder.get().backend().tables()))
                    .map(c -> c.backend().name()).toList());
            return new Detection(candidates, Optional.of(holder.get().backend()),
                    holder.get().backend().name() + " already holds rules here"
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
}
