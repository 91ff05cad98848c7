package io.inpod.iptables;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Everything that is applied to one family in one namespace.
 *
 * @param family the family of all addresses in it
 * @param tables the tables, each at most once; kept in alphabetical order
 */
public record RuleSet(IpFamily family, List<Table> tables) {
    /**
     * Checks families and sorts the tables.
     *
     * @param family the family of all addresses in it
     * @param tables the tables, each at most once; kept in alphabetical order
     * @throws IllegalArgumentException naming the table, chain and rule if an address is of the other family, or a table is there twice
     */
    public RuleSet {
        List<Table> sorted = new ArrayList<>(tables);
        sorted.sort(Comparator.comparing(Table::name));
        Set<TableName> seen = EnumSet.noneOf(TableName.class);
        for (Table table : sorted) {
            if (!seen.add(table.name())) {
                throw new IllegalArgumentException("rule set has the table " + table.name() + " twice");
            }
            for (Chain chain : table.chains()) {
                for (int i = 0; i < chain.rules().size(); i++) {
                    checkFamily(family, chain.rules().get(i), TableCheck.where(table.name(), chain, i));
                }
            }
        }
        tables = List.copyOf(sorted);
    }

    /**
     * Makes a rule set.
     *
     * @param family the family of all addresses in it
     * @param tables the tables in any order
     * @return the rule set
     * @throws IllegalArgumentException naming what doesn't fit
     */
    public static RuleSet of(IpFamily family, Table... tables) {
        return new RuleSet(family, List.of(tables));
    }

    private static void checkFamily(IpFamily family, Rule rule, String where) {
        for (Match match : rule.matches()) {
            if (match instanceof Match.Source m && m.prefix().family() != family) {
                throw new IllegalArgumentException(where + ": source " + m.prefix() + " in rules for " + family);
            }
            if (match instanceof Match.Destination m && m.prefix().family() != family) {
                throw new IllegalArgumentException(where + ": destination " + m.prefix() + " in rules for " + family);
            }
        }
    }
}
