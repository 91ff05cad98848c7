package io.inpod.iptables;

import io.inpod.iptables.Listing.ListedChain;
import io.inpod.iptables.Listing.ListedRule;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The counters of the rules of a namespace at one moment, found by comment or by position.
 *
 * <p>Every rule in the tables of iptables has a counter. In {@code inet} tables, a rule has one unless it only leads to another chain; a
 * jump with a comment has one as well, so that it can be asked for. Applying rules that are there already leaves the counters as they are;
 * rules that are replaced begin at zero.
 *
 * @param rules the rules that have a counter, sorted by family, table and chain, those of a chain in order; a rule for both families of an
 *     {@code inet} table is there once
 */
public record RuleCounters(List<Counted> rules) {
    /**
     * A rule and its counter.
     *
     * @param table its table
     * @param chain its chain
     * @param position its position among all rules of its chain, from 1
     * @param comment its comment; empty if it has none
     * @param text the rule in the words of the back end's listing
     * @param counter its counter
     */
    public record Counted(TableName table, String chain, int position, String comment, String text, RuleCounter counter) {
    }

    /**
     * Copies the list.
     *
     * @param rules see {@link #rules()}
     */
    public RuleCounters {
        rules = List.copyOf(rules);
    }

    /**
     * Takes the counters out of a listing.
     *
     * @param listing the rules, as a back end has read them
     * @return the counters
     */
    public static RuleCounters of(Listing listing) {
        List<Counted> rules = new ArrayList<>();
        for (ListedChain chain : listing.chains()) {
            for (ListedRule rule : chain.rules()) {
                if (rule.counter().isPresent() && !isRepeated(chain.family(), rule.counter().get())) {
                    rules.add(new Counted(chain.table(), chain.name(), rule.position(), rule.comment(), rule.text(), rule.counter().get()));
                }
            }
        }
        return new RuleCounters(rules);
    }

    /** Whether the counter has been listed for IPv4 already. */
    private static boolean isRepeated(IpFamily family, RuleCounter counter) {
        return counter.families() == FamilyScope.BOTH && family == IpFamily.V6;
    }

    /**
     * Returns the rules with a comment, of both families and in all chains.
     *
     * @param comment the comment
     * @return the rules with exactly that comment; none if there is no such rule, or it has no counter
     */
    public List<Counted> withComment(String comment) {
        return rules.stream().filter(rule -> rule.comment().equals(comment)).toList();
    }

    /**
     * Returns the counter of the rule at a position.
     *
     * @param family the family whose packets meet the rule
     * @param table its table
     * @param chain its chain
     * @param position its position among all rules of its chain, from 1
     * @return the counter; empty if there is no such rule, or it has no counter
     */
    public Optional<RuleCounter> at(IpFamily family, TableName table, String chain, int position) {
        return rules.stream().filter(rule -> rule.table() == table && rule.chain().equals(chain) && rule.position() == position)
                .map(Counted::counter).filter(counter -> counter.families().contains(family)).findFirst();
    }
}
