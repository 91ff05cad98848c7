package io.inpod.iptables;

import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The rules and sets that a namespace holds under {@link ManagedNames}, read back from the kernel. Each entry is a chain of one table and
 * one family; a table of both families is listed once for each.
 *
 * @param chains the managed chains with all of their rules, even if empty, and of other chains the rules that lead to managed chains;
 *     sorted by family, table and name
 * @param sets the sets, sorted by name
 * @param misfits what is wrong with managed sets besides their elements, in words, by name: another program has created them with other
 *     options, or of another type; those of another type aren't among the sets
 */
public record Listing(List<ListedChain> chains, List<NamedSet> sets, Map<String, List<String>> misfits) {
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
     * @param raw the whole rule as the same back end takes it in a {@link Target.Raw}; empty if it can't
     * @param counter how many packets have met its conditions; empty if it doesn't count
     */
    public record ListedRule(int position, Optional<Rule> rule, String text, Optional<Rule> raw, Optional<RuleCounter> counter) {
        /**
         * Creates a rule without raw form and counter.
         *
         * @param position see {@link #position()}
         * @param rule see {@link #rule()}
         * @param text see {@link #text()}
         */
        public ListedRule(int position, Optional<Rule> rule, String text) {
            this(position, rule, text, Optional.empty(), Optional.empty());
        }

        /** {@return the comment of the rule; empty if it has none} */
        public String comment() {
            if (rule.isEmpty() && raw.isPresent() && raw.get().target() instanceof Target.Raw words && !words.comment().isEmpty()) {
                return words.comment();
            }
            return rule.or(() -> raw).stream().flatMap(known -> known.matches().stream())
                    .flatMap(match -> match instanceof CommentMatch note ? Stream.of(note.text()) : Stream.empty()).findFirst().orElse("");
        }
    }

    /**
     * Sorts the parts.
     *
     * @param chains the chains
     * @param sets the sets
     * @param misfits see {@link #misfits()}
     */
    public Listing {
        List<ListedChain> sorted = new ArrayList<>(chains);
        sorted.sort(Comparator.comparing(ListedChain::family).thenComparing(ListedChain::table).thenComparing(ListedChain::name));
        chains = List.copyOf(sorted);
        List<NamedSet> sortedSets = new ArrayList<>(sets);
        sortedSets.sort(Comparator.comparing(NamedSet::name));
        sets = List.copyOf(sortedSets);
        misfits = Map.copyOf(misfits);
    }

    /**
     * Creates a listing in which all sets are as they should be.
     *
     * @param chains the chains
     * @param sets the sets
     */
    public Listing(List<ListedChain> chains, List<NamedSet> sets) {
        this(chains, sets, Map.of());
    }

    /**
     * Lists a rule set as if it had been applied, to compare it with another one by {@link io.inpod.iptables.text.Differences}.
     *
     * @param rules the rules
     * @return the chains and rules that the packets of each family see, and the sets
     */
    public static Listing of(RuleSet rules) {
        List<ListedChain> chains = new ArrayList<>();
        for (IpFamily family : rules.families()) {
            for (Table table : rules.only(family).tables()) {
                for (Chain chain : table.chains()) {
                    List<ListedRule> listed = new ArrayList<>();
                    chain.rules().forEach(rule -> listed.add(new ListedRule(listed.size() + 1, Optional.of(rule), rule.toString())));
                    chains.add(new ListedChain(family, table.name(), chain.name(), listed));
                }
            }
        }
        return new Listing(chains, rules.sets());
    }

    /**
     * Returns these chains with sets that ipset(8) lists. iptables-save(8) words conditions on ports and on addresses alike; which of them
     * a rule has depends on the kind of its set.
     *
     * @param sets the sets
     * @param misfits see {@link #misfits()}
     * @return the listing, in which a rule with a set of ports has a {@link PortSetMatch}; one that doesn't name its protocol is beyond
     *     what can be expressed
     */
    public Listing with(List<NamedSet> sets, Map<String, List<String>> misfits) {
        Set<String> ports = new HashSet<>();
        sets.stream().filter(PortSet.class::isInstance).forEach(set -> ports.add(set.name()));
        List<ListedChain> resolved = new ArrayList<>();
        for (ListedChain chain : chains) {
            resolved.add(ports.isEmpty() ? chain : new ListedChain(chain.family(), chain.table(), chain.name(),
                    chain.rules().stream().map(listed -> new ListedRule(listed.position(),
                            listed.rule().flatMap(rule -> PortSetMatch.resolved(rule, ports)), listed.text(), listed.raw(),
                            listed.counter()))
                            .toList()));
        }
        return new Listing(resolved, sets, misfits);
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
        return new RuleSet(FamilyScope.of(family), tables, sets.stream().filter(set -> set.families().contains(family)).toList());
    }
}
