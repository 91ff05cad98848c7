package io.inpod.iptables;

import io.inpod.iptables.internal.Names;
import io.inpod.iptables.internal.Quote;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The names by which a namespace's rules are recognised as ours. Names alone decide, so that anybody who has only the namespace can
 * remove the rules.
 *
 * <p>Managed under these names are:
 * <ul>
 * <li>in tables shared with other programs (all tables of iptables): the chains with these names, in any table of either family, and all
 * rules in other chains that jump or go to them
 * <li>in nf_tables, where a back end has its own tables: the tables {@code inet} {@code tablePrefix} followed by {@code filter},
 * {@code mangle}, {@code nat} or {@code raw}, with all of their contents
 * <li>the sets with these names
 * </ul>
 *
 * <p>Everything else is never changed, and is not listed where the kernel supports a narrower request. Names that an older version used
 * belong here too, so that an upgrade finds what that version left behind.
 *
 * @param chains names of chains that are not built in
 * @param tablePrefix the prefix of nf_tables table names, 1 to 24 letters, digits and {@code _ -}, starting with a letter
 * @param sets names of sets
 */
public record ManagedNames(Set<String> chains, String tablePrefix, Set<String> sets) {
    private static final Pattern PREFIX = Pattern.compile("[A-Za-z][A-Za-z0-9_-]{0,23}");

    /**
     * Checks the names.
     *
     * @param chains names of chains that are not built in
     * @param tablePrefix the prefix of nf_tables table names
     * @param sets names of sets
     * @throws IllegalArgumentException naming the invalid name
     */
    public ManagedNames {
        chains = Set.copyOf(chains);
        sets = Set.copyOf(sets);
        chains.forEach(Chain::checkOwnName);
        sets.forEach(Names::set);
        if (!PREFIX.matcher(tablePrefix).matches()) {
            throw new IllegalArgumentException(
                    "table prefix " + Quote.of(tablePrefix) + " is not 1 to 24 letters, digits and _ - starting with a letter");
        }
    }

    /**
     * Collects the names that one rule set uses.
     *
     * @param rules the rule set
     * @param tablePrefix the prefix of nf_tables table names
     * @return the names of its own chains and of its sets
     * @throws IllegalArgumentException if the prefix can't be one
     */
    public static ManagedNames of(RuleSet rules, String tablePrefix) {
        Set<String> chains = new TreeSet<>();
        Set<String> sets = new TreeSet<>();
        for (Table table : rules.tables()) {
            table.chains().stream().filter(chain -> !chain.isBuiltIn()).forEach(chain -> chains.add(chain.name()));
        }
        rules.sets().forEach(set -> sets.add(set.name()));
        return new ManagedNames(chains, tablePrefix, sets);
    }

    /**
     * Checks that rules can be found again by these names.
     *
     * @param rules the rules to apply
     * @throws IllegalArgumentException naming a chain or set that is not among these names
     */
    public void check(RuleSet rules) {
        for (Table table : rules.tables()) {
            for (Chain chain : table.chains()) {
                if (!chain.isBuiltIn() && !chains.contains(chain.name())) {
                    throw new IllegalArgumentException(
                            table.name() + " chain " + chain.name() + " is not among the managed chains " + new TreeSet<>(chains)
                                    + ": it could not be found again when removing");
                }
            }
        }
        for (NamedSet set : rules.sets()) {
            if (!sets.contains(set.name())) {
                throw new IllegalArgumentException("set " + set.name() + " is not among the managed sets " + new TreeSet<>(sets));
            }
        }
    }

    /**
     * Checks that rules can be found again in shared tables. In built-in chains, only jumps to managed chains can.
     *
     * @param rules the rules to apply
     * @throws IllegalArgumentException naming a rule that could not be distinguished from rules of other programs
     */
    public void checkShared(RuleSet rules) {
        check(rules);
        for (Table table : rules.tables()) {
            for (Chain chain : table.chains()) {
                for (int i = 0; i < chain.rules().size(); i++) {
                    if (chain.isBuiltIn() && chain.rules().get(i).target().destination().isEmpty()) {
                        throw new IllegalArgumentException(new TableCheck.Where(table.name(), chain, i)
                                + " is no jump: when removing, it could not be told from other programs' rules; put it into its own chain");
                    }
                }
            }
        }
    }
}
