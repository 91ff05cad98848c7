package io.inpod.iptables;

import java.util.List;
import java.util.Map;

/** Checks that a table's rules fit the families and sets of the rule set. */
final class RuleSetCheck {
    private RuleSetCheck() {}

    static void check(Table table, FamilyScope families, Map<String, NamedSet> sets) {
        for (Chain chain : table.chains()) {
            for (int i = 0; i < chain.rules().size(); i++) {
                List<Match> matches = chain.rules().get(i).matches();
                for (int j = 0; j < matches.size(); j++) {
                    if (matches.get(j) instanceof SetMatch m
                            && !(sets.get(m.set()) instanceof AddressSet set && set.family() == m.family())) {
                        throw missing(new TableCheck.Where(table.name(), chain, i), m.set(), m.family().toString());
                    }
                    if (matches.get(j) instanceof PortSetMatch m && !(sets.get(m.set()) instanceof PortSet)) {
                        throw missing(new TableCheck.Where(table.name(), chain, i), m.set(), "ports");
                    }
                }
                if (families != FamilyScope.BOTH) {
                    checkFamilies(table, chain, i, families);
                }
            }
        }
    }

    private static IllegalArgumentException missing(TableCheck.Where where, String set, String of) {
        return new IllegalArgumentException(where + ": set " + set + " of " + of + " is not in the rule set");
    }

    private static void checkFamilies(Table table, Chain chain, int index, FamilyScope families) {
        Rule rule = chain.rules().get(index);
        for (Match match : rule.matches()) {
            checkFamilies(table, chain, index, match, match.families(), families);
        }
        checkFamilies(table, chain, index, rule.target(), rule.target().families(), families);
    }

    private static void checkFamilies(Table table, Chain chain, int index, Object part, FamilyScope asked, FamilyScope families) {
        if (asked.within(families) != families) {
            throw new IllegalArgumentException(
                    new TableCheck.Where(table.name(), chain, index) + ": " + words(part) + " in rules for " + families);
        }
    }

    private static String words(Object part) {
        if (part instanceof SourceMatch m) {
            return "source " + m.prefix();
        }
        return part instanceof DestinationMatch m ? "destination " + m.prefix() : part.toString();
    }

    static Table withoutFamily(Table table) {
        if (!asksForFamily(table)) {
            return table;
        }
        return new Table(table.name(), table.chains().stream()
                .map(chain -> new Chain(chain.name(), chain.placement(), chain.rules().stream().map(Rule::withoutFamily).toList()))
                .toList());
    }

    private static boolean asksForFamily(Table table) {
        for (Chain chain : table.chains()) {
            for (Rule rule : chain.rules()) {
                if (!rule.matches().isEmpty() && rule.matches().get(0) instanceof FamilyMatch) {
                    return true;
                }
            }
        }
        return false;
    }
}
