package io.inpod.iptables;

import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The rules and sets that a namespace holds under {@link ManagedNames}, read back from the kernel. Each entry is a chain of one table and
 * one family; a table of both families is listed once for each.
 *
 * @param chains the managed chains with all of their rules, even if empty, and of other chains the rules that lead to managed chains;
 *     sorted by family, table and name
 * @param sets the address sets, sorted by name
 * @param misfits what is wrong with managed sets besides their elements, in words, by name: another program has created them with other
 *     options, or of another type; those of another type aren't among the sets
 */
public record Listing(List<ListedChain> chains, List<AddressSet> sets, Map<String, List<String>> misfits) {
    /**
     * The listed rules of one chain.
     *
     * @param family the family whose packets traverse it
     * @param table its table
     * @param name its name; for a built-in chain the name of its {@link Hook}
     * @param rules its rules in order; for a chain of another program only those that lead to managed chains
     */
    public record ListedChain(IpFamily family, TableName table, String name, List<ListedRule> rules) {
        /**
         * Copies the rules.
         *
         * @param family the family
         * @param table the table
         * @param name its name
         * @param rules its rules
         */
        public ListedChain {
            rules = List.copyOf(rules);
        }
    }

    /**
     * One rule.
     *
     * @param position its position among all rules of its chain, from 1
     * @param rule the rule, without {@link FamilyMatch}; empty if the model cannot express it
     * @param text the rule in the words of the back end's listing
     */
    public record ListedRule(int position, Optional<Rule> rule, String text) {
    }

    /**
     * Sorts the parts.
     *
     * @param chains the chains
     * @param sets the address sets
     * @param misfits see {@link #misfits()}
     */
    public Listing {
        List<ListedChain> sorted = new ArrayList<>(chains);
        sorted.sort(Comparator.comparing(ListedChain::family).thenComparing(ListedChain::table).thenComparing(ListedChain::name));
        chains = List.copyOf(sorted);
        List<AddressSet> sortedSets = new ArrayList<>(sets);
        sortedSets.sort(Comparator.comparing(AddressSet::name));
        sets = List.copyOf(sortedSets);
        misfits = Map.copyOf(misfits);
    }

    /**
     * Creates a listing in which all sets are as they should be.
     *
     * @param chains the chains
     * @param sets the address sets
     */
    public Listing(List<ListedChain> chains, List<AddressSet> sets) {
        this(chains, sets, Map.of());
    }

    /** {@return whether it has neither chains nor sets} */
    public boolean isEmpty() {
        return chains.isEmpty() && sets.isEmpty();
    }

    /**
     * Returns the rules of one family as a rule set.
     *
     * @param family the family
     * @return the rules that would have to be applied to get this listing; every chain is {@link Chain.Placement#LAST}
     * @throws IllegalStateException naming a rule that the model cannot express, or the parts that do not fit together
     */
    public RuleSet ruleSet(IpFamily family) {
        List<Table> tables = new ArrayList<>();
        for (TableName name : TableName.values()) {
            List<Chain> kept = new ArrayList<>();
            for (ListedChain chain : chains) {
                if (chain.family() == family && chain.table() == name) {
                    kept.add(new Chain(chain.name(),
                            chain.rules().stream().map(rule -> rule.rule().orElseThrow(() -> new IllegalStateException(
                                    name + " " + chain.name() + " rule " + rule.position() + " is beyond what can be expressed: "
                                            + rule.text())))
                                    .toList()));
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
