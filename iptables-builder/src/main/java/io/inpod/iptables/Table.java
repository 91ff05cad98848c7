package io.inpod.iptables;

import java.util.ArrayList;
import java.util.List;

/**
 * The chains of one table. Kept in the order in which iptables-save(8) lists the rules: built-in chains in the order of {@link Hook},
 * then the others by name. Built-in chains without rules are left out.
 *
 * @param name which table
 * @param chains built-in chains to which rules are added, and chains of one's own
 */
public record Table(TableName name, List<Chain> chains) {
    /**
     * Checks that the chains fit together: unique names, built-in chains that this table has, jumps that lead somewhere and never
     * in a circle, and targets, interfaces and sockets that are known where packets reach them.
     *
     * @param name which table
     * @param chains built-in chains to which rules are added, and chains of one's own
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
     * Makes a table.
     *
     * @param name which table
     * @param chains its chains
     * @return the table
     * @throws IllegalArgumentException naming the table, chain and rule that don't fit
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
