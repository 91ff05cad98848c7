package io.inpod.iptables.internal;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Decides which chains of a table one address family lacks: those that only the other family uses. A chain is used by each family whose
 * packets see a rule in it or a rule that leads to it. No family lacks a chain that neither uses, so that empty chains stay.
 *
 * <p>Add every rule of the table before the first query. Not thread-safe.
 */
public final class FamilyChains {
    private final Set<String> used = new HashSet<>();
    private final Set<String> usedByAny = new HashSet<>();

    /**
     * Adds a rule of the table.
     *
     * @param chain the chain that holds the rule
     * @param destination the chain to which the rule leads
     * @param seen whether packets of the family see the rule
     */
    public void add(String chain, Optional<String> destination, boolean seen) {
        usedByAny.add(chain);
        destination.ifPresent(usedByAny::add);
        if (seen) {
            used.add(chain);
            destination.ifPresent(used::add);
        }
    }

    /** Returns whether the family lacks a chain. */
    public boolean lacks(String chain) {
        return usedByAny.contains(chain) && !used.contains(chain);
    }
}
