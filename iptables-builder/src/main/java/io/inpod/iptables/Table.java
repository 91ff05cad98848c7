package io.inpod.iptables;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The chains of one table.
 *
 * @param name which table
 * @param chains built-in chains to which rules are appended, and chains of one's own
 */
public record Table(TableName name, List<Chain> chains) {
    /**
     * Checks that the chains fit together: unique names, built-in chains that this table has, jumps that lead somewhere and never
     * in a circle, and targets and interfaces that are allowed where packets reach them.
     *
     * @param name which table
     * @param chains built-in chains to which rules are appended, and chains of one's own
     * @throws IllegalArgumentException naming the table, chain and rule
     */
    public Table {
        chains = List.copyOf(chains);
        Map<String, Chain> byName = new HashMap<>();
        for (Chain chain : chains) {
            if (chain.isBuiltIn() && !name.hooks().contains(Hook.valueOf(chain.name()))) {
                throw new IllegalArgumentException(name + " has no built-in chain " + chain.name());
            }
            if (byName.put(chain.name(), chain) != null) {
                throw new IllegalArgumentException(name + " has two chains " + chain.name());
            }
        }
        TableCheck.check(name, byName, chains);
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
}
