package io.inpod.iptables;

import io.inpod.iptables.internal.FamilyChains;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * All rules and sets that are applied to one namespace, for one address family or for both.
 *
 * <p>In a rule set for both families, a rule without addresses and without {@link FamilyMatch} applies to both. A back end whose tables
 * are of one family loads {@link #only} of each family, which together mean the same.
 *
 * @param families the families whose packets the rules apply to
 * @param tables the tables, each at most once; sorted by name, without empty ones
 * @param sets the sets that the rules refer to, each name once; sorted by name
 */
public record RuleSet(FamilyScope families, List<Table> tables, List<NamedSet> sets) {
    /**
     * Checks families and sets, and sorts the parts.
     *
     * @param families the families whose packets the rules apply to
     * @param tables the tables
     * @param sets the sets
     * @throws IllegalArgumentException naming the table, chain and rule if a part is of another family, a rule refers to a set that is
     *     missing, or a table or set occurs twice
     */
    public RuleSet {
        List<NamedSet> sortedSets = new ArrayList<>(sets);
        sortedSets.sort(Comparator.comparing(NamedSet::name));
        Map<String, NamedSet> setsByName = new HashMap<>();
        for (NamedSet set : sortedSets) {
            if (setsByName.put(set.name(), set) != null) {
                throw new IllegalArgumentException("rule set has the set " + set.name() + " twice");
            }
            if (set.families().within(families) != families && families != FamilyScope.BOTH) {
                throw new IllegalArgumentException("set " + set.name() + " of " + set.families() + " in rules for " + families);
            }
        }
        List<Table> sorted = new ArrayList<>();
        Set<TableName> seen = EnumSet.noneOf(TableName.class);
        for (Table table : tables) {
            if (!seen.add(table.name())) {
                throw new IllegalArgumentException("rule set has the table " + table.name() + " twice");
            }
            RuleSetCheck.check(table, families, setsByName);
            Table kept = families == FamilyScope.BOTH ? table : RuleSetCheck.withoutFamily(table);
            if (!kept.chains().isEmpty()) {
                sorted.add(kept);
            }
        }
        sorted.sort(Comparator.comparing(Table::name));
        tables = List.copyOf(sorted);
        sets = List.copyOf(sortedSets);
    }

    /**
     * Creates a rule set of one family without sets.
     *
     * @param family the family of all addresses
     * @param tables the tables in any order
     * @throws IllegalArgumentException naming the part that does not fit
     */
    public RuleSet(IpFamily family, List<Table> tables) {
        this(FamilyScope.of(family), tables, List.of());
    }

    /**
     * Creates a rule set of one family without sets.
     *
     * @param family the family of all addresses
     * @param tables the tables in any order
     * @return the rule set
     * @throws IllegalArgumentException naming the part that does not fit
     */
    public static RuleSet of(IpFamily family, Table... tables) {
        return new RuleSet(family, List.of(tables));
    }

    /**
     * Creates a rule set for both families without sets.
     *
     * @param tables the tables in any order
     * @return the rule set
     * @throws IllegalArgumentException naming the part that does not fit
     */
    public static RuleSet ofBoth(Table... tables) {
        return new RuleSet(FamilyScope.BOTH, List.of(tables), List.of());
    }

    /** {@return a rule set without rules, for both families, as a namespace has after removal} */
    public static RuleSet nothing() {
        return ofBoth();
    }

    /**
     * Returns the rules that packets of one family see. Rules of the other family are left out, and so are chains that only the other
     * family uses. Other chains stay, even empty ones.
     *
     * @param family the family
     * @return rules of that family; none if it is not in {@link #families}
     */
    public RuleSet only(IpFamily family) {
        if (families == FamilyScope.of(family)) {
            return this;
        }
        if (!families.contains(family)) {
            return new RuleSet(family, List.of());
        }
        List<Table> kept = new ArrayList<>();
        for (Table table : tables) {
            List<Chain> chains = new ArrayList<>();
            FamilyChains used = new FamilyChains();
            for (Chain chain : table.chains()) {
                List<Rule> rules = new ArrayList<>();
                for (Rule rule : chain.rules()) {
                    boolean seen = rule.families().contains(family);
                    used.add(chain.name(), rule.target().destination(), seen);
                    if (seen) {
                        rules.add(rule.withoutFamily());
                    }
                }
                chains.add(new Chain(chain.name(), chain.placement(), rules));
            }
            chains.removeIf(chain -> used.lacks(chain.name()));
            kept.add(new Table(table.name(), chains));
        }
        return new RuleSet(FamilyScope.of(family), kept, sets.stream().filter(set -> set.families().contains(family)).toList());
    }

    /**
     * Returns these rules with the elements that a namespace holds in those sets whose elements come and go {@linkplain
     * NamedSet#atRuntime at run time}.
     *
     * @param found the sets of the namespace
     * @return the rules; the other sets are unchanged
     */
    public RuleSet withElementsOf(List<NamedSet> found) {
        if (sets.stream().noneMatch(NamedSet::atRuntime)) {
            return this;
        }
        List<NamedSet> held = new ArrayList<>();
        for (NamedSet set : sets) {
            held.add(set.atRuntime() ? found.stream().filter(set::isLike).findFirst().orElseGet(set::empty) : set);
        }
        return new RuleSet(families, tables, held);
    }

    /**
     * Finds a table.
     *
     * @param name its name
     * @return the table, if it has rules or chains
     */
    public Optional<Table> table(TableName name) {
        return tables.stream().filter(table -> table.name() == name).findFirst();
    }
}
