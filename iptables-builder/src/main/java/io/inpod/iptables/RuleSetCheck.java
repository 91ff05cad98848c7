package io.inpod.iptables;

import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Whether a table's rules fit the families and sets of the rule set. */
final class RuleSetCheck {
    private RuleSetCheck() {
    }

    static void check(Table table, Set<IpFamily> families, Map<String, AddressSet> sets) {
        for (Chain chain : table.chains()) {
            for (int i = 0; i < chain.rules().size(); i++) {
                check(TableCheck.where(table.name(), chain, i), chain.rules().get(i), families, sets);
            }
        }
    }

    private static void check(TableCheck.Where where, Rule rule, Set<IpFamily> families, Map<String, AddressSet> sets) {
        for (Match match : rule.matches()) {
            checkFamily(where, match, match.onlyFamily(), families);
            if (match instanceof SetMatch m) {
                AddressSet set = sets.get(m.set());
                if (set == null || set.family() != m.family()) {
                    throw new IllegalArgumentException(where + ": set " + m.set() + " of " + m.family() + " is not in the rule set");
                }
            }
        }
        checkFamily(where, rule.target(), rule.target().onlyFamily(), families);
    }

    private static void checkFamily(TableCheck.Where where, Object part, Optional<IpFamily> family, Set<IpFamily> families) {
        if (family.isPresent() && !families.contains(family.get())) {
            throw new IllegalArgumentException(where + ": " + words(part) + " in rules for " + families.iterator().next());
        }
    }

    private static String words(Object part) {
        if (part instanceof Match.Source m) {
            return "source " + m.prefix();
        }
        return part instanceof Match.Destination m ? "destination " + m.prefix() : part.toString();
    }

    static Table withoutFamily(Table table) {
        if (!asksForFamily(table)) {
            return table;
        }
        return new Table(table.name(), table.chains().stream()
                .map(chain -> new Chain(chain.name(), chain.placement(), chain.rules().stream().map(Rule::withoutFamily).toList())).toList());
    }

    private static boolean asksForFamily(Table table) {
        for (Chain chain : table.chains()) {
            for (Rule rule : chain.rules()) {
                if (!rule.matches().isEmpty() && rule.matches().get(0) instanceof Match.Family) {
                    return true;
                }
            }
        }
        return false;
    }
}
