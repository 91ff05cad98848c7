package io.inpod.iptables;

import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What a namespace holds of one {@link ManagedNames}, read back from the kernel: the chains, the rules that lead into them, and the sets. One
 * chain of one table and family at a time; a table of both families is listed as two.
 *
 * @param chains own chains whole, even if empty, and of others the rules that lead into own chains; sorted by family, table and name
 * @param sets the address sets, sorted by name
 */
public record Listing(List<ListedChain> chains, List<AddressSet> sets) {
    /**
     * What is there of one chain.
     *
     * @param family whose packets see it
     * @param table in which table
     * @param name its name; of a built-in chain the name of its {@link Hook}
     * @param rules its rules, or of somebody else's chain those that are ours, in order
     */
    public record ListedChain(IpFamily family, TableName table, String name, List<ListedRule> rules) {
        /**
         * Copies the rules.
         *
         * @param family whose packets see it
         * @param table in which table
         * @param name its name; of a built-in chain the name of its {@link Hook}
         * @param rules its rules, or of somebody else's chain those that are ours, in order
         */
        public ListedChain {
            rules = List.copyOf(rules);
        }
    }

    /**
     * One rule.
     *
     * @param position where it stands in its chain among all rules there, from 1
     * @param rule the rule, without {@link FamilyMatch}; empty if it holds something that the model doesn't know
     * @param text as the back end's listing words it
     */
    public record ListedRule(int position, Optional<Rule> rule, String text) {
    }

    /**
     * Sorts the parts.
     *
     * @param chains own chains whole, even if empty, and of others the rules that lead into own chains; sorted by family, table and name
     * @param sets the address sets, sorted by name
     */
    public Listing {
        List<ListedChain> sorted = new ArrayList<>(chains);
        sorted.sort(Comparator.comparing(ListedChain::family).thenComparing(ListedChain::table).thenComparing(ListedChain::name));
        chains = List.copyOf(sorted);
        List<AddressSet> sortedSets = new ArrayList<>(sets);
        sortedSets.sort(Comparator.comparing(AddressSet::name));
        sets = List.copyOf(sortedSets);
    }

    /** {@return whether there is nothing} */
    public boolean isEmpty() {
        return chains.isEmpty() && sets.isEmpty();
    }

    /**
     * The rules of one family as a value.
     *
     * @param family which
     * @return what would have to be applied to get this; jumps in built-in chains that come first are {@link Chain.Placement#LAST} too
     * @throws IllegalStateException naming a rule that the model doesn't know, or saying what doesn't fit together
     */
    public RuleSet ruleSet(IpFamily family) {
        List<Table> tables = new ArrayList<>();
        for (TableName name : TableName.values()) {
            List<Chain> kept = new ArrayList<>();
            for (ListedChain chain : chains) {
                if (chain.family() == family && chain.table() == name) {
                    kept.add(new Chain(chain.name(), chain.rules().stream().map(rule -> rule.rule().orElseThrow(() -> new IllegalStateException(
                            name + " " + chain.name() + " rule " + rule.position() + " is beyond what can be expressed: " + rule.text()))).toList()));
                }
            }
            try {
                tables.add(new Table(name, kept));
            } catch (IllegalArgumentException e) {
                throw new IllegalStateException(e.getMessage(), e);
            }
        }
        return new RuleSet(FamilyScope.of(family), tables, sets.stream().filter(set -> set.family() == family).toList());
    }
}
