package io.inpod.iptables;

import java.util.ArrayList;
import java.util.List;

/**
 * The chains of one table, in the order of iptables-save(8): built-in chains in the order of {@link Hook}, then the others by name.
 * Built-in chains without rules are left out.
 *
 * @param name the table
 * @param chains built-in chains to which rules are added, and user-defined chains
 */
public record Table(TableName name, List<Chain> chains) {
    /**
     * Checks that the chains fit together: names are unique, the table has the built-in chains, jumps lead to existing chains and
     * never in a circle, and targets and conditions are supported in the hooks from which packets reach them.
     *
     * @param name the table
     * @param chains the chains
     * @throws IllegalArgumentException naming the table, chain and rule
     */
    public Table {
        List<Chain> sorted = new ArrayList<>(chains);
        sorted.sort(Table::compare);
        TableCheck.check(name, sorted);
        sorted.removeIf(chain -> chain.isBuiltIn() && chain.rules().isEmpty());
        chains = List.copyOf(sorted);
    }

    /**
     * Creates a table.
     *
     * @param name the table
     * @param chains its chains
     * @return the table
     * @throws IllegalArgumentException naming the table, chain and rule that do not fit
     */
    public static Table of(TableName name, Chain... chains) {
        return new Table(name, List.of(chains));
    }
    private static int compare(Chain one, Chain other) {
        Hook hook = Hook.of(one.name());
        Hook otherHook = Hook.of(other.name());
        if (hook == null || otherHook == null) {
            return hook == otherHook ? one.name().compareTo(other.name()) : hook == null ? 1 : -1;
        }
        return hook.compareTo(otherHook);
    }
}
