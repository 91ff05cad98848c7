package io.inpod.iptables;

import io.inpod.iptables.internal.Names;
import io.inpod.iptables.internal.Quote;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Tells one's own rules from other people's by names alone, so that somebody who has only the namespace can remove them.
 *
 * <p>Ours are:
 * <ul>
 * <li>in tables that are shared with others (all of iptables): the chains with these names in any table of either family, and all
 * rules of other chains that jump or go to them
 * <li>in nf_tables, when a back end has tables of its own: the tables {@code inet} {@code tablePrefix} followed by {@code filter},
 * {@code mangle}, {@code nat} or {@code raw}, whole
 * <li>the address sets with these names
 * </ul>
 *
 * <p>Everything else is never changed, and isn't listed where the kernel lets one ask for less. Names that an older version used
 * belong here too, so that an upgrade finds its leftovers.
 *
 * @param chains names of chains that are not built in
 * @param tablePrefix what names of nf_tables tables begin with, 1 to 24 letters, digits and {@code _ -}, starting with a letter
 * @param sets names of address sets
 */
public record Owner(Set<String> chains, String tablePrefix, Set<String> sets) {
    private static final Pattern PREFIX = Pattern.compile("[A-Za-z][A-Za-z0-9_-]{0,23}");

    /**
     * Checks the names.
     *
     * @param chains names of chains that are not built in
     * @param tablePrefix what names of nf_tables tables begin with, 1 to 24 letters, digits and {@code _ -}, starting with a letter
     * @param sets names of address sets
     * @throws IllegalArgumentException naming what can't be a name
     */
    public Owner {
        chains = Set.copyOf(chains);
        sets = Set.copyOf(sets);
        chains.forEach(Chain::checkOwnName);
        sets.forEach(Names::set);
        if (!PREFIX.matcher(tablePrefix).matches()) {
            throw new IllegalArgumentException("table prefix " + Quote.of(tablePrefix) + " is not 1 to 24 letters, digits and _ - starting with a letter");
        }
    }

    /**
     * The owner of what one rule set names.
     *
     * @param rules whose chains and sets
     * @param tablePrefix what names of nf_tables tables begin with
     * @return the owner
     * @throws IllegalArgumentException if the prefix can't be one
     */
    public static Owner of(RuleSet rules, String tablePrefix) {
        Set<String> chains = new TreeSet<>();
        Set<String> sets = new TreeSet<>();
        for (Table table : rules.tables()) {
            table.chains().stream().filter(chain -> !chain.isBuiltIn()).forEach(chain -> chains.add(chain.name()));
        }
        rules.sets().forEach(set -> sets.add(set.name()));
        return new Owner(chains, tablePrefix, sets);
    }

    /**
     * Checks that rules would be found again.
     *
     * @param rules what is to be applied
     * @throws IllegalArgumentException naming a chain or set that isn't among these names
     */
    public void check(RuleSet rules) {
        for (Table table : rules.tables()) {
            for (Chain chain : table.chains()) {
                if (!chain.isBuiltIn() && !chains.contains(chain.name())) {
                    throw new IllegalArgumentException(table.name() + " chain " + chain.name() + " is not among the owner's chains " + new TreeSet<>(chains)
                            + ": it couldn't be found again when removing");
                }
            }
        }
        for (AddressSet set : rules.sets()) {
            if (!sets.contains(set.name())) {
                throw new IllegalArgumentException("set " + set.name() + " is not among the owner's sets " + new TreeSet<>(sets));
            }
        }
    }

    /**
     * Checks that in shared tables rules would be found again: in built-in chains that is so only of jumps to one's own chains.
     *
     * @param rules what is to be applied
     * @throws IllegalArgumentException naming the rule that couldn't be told from other people's
     */
    public void checkShared(RuleSet rules) {
        check(rules);
        for (Table table : rules.tables()) {
            for (Chain chain : table.chains()) {
                for (int i = 0; i < chain.rules().size(); i++) {
                    if (chain.isBuiltIn() && TableCheck.next(chain.rules().get(i).target()) == null) {
                        throw new IllegalArgumentException(new TableCheck.Where(table.name(), chain, i)
                                + " is no jump: it couldn't be told from other people's rules when removing; put it into a chain of its own");
                    }
                }
            }
        }
    }
}
