package io.inpod.iptables;

import io.inpod.netns.IpFamily;
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
                for (Match match : chain.rules().get(i).matches()) {
                    if (match instanceof SetMatch m) {
                        AddressSet set = sets.get(m.set());
                        if (set == null || set.family() != m.family()) {
                            throw new IllegalArgumentException(new TableCheck.Where(table.name(), chain, i) + ": set " + m.set() + " of " + m.family()
                                    + " is not in the rule set");
                        }
                    }
                }
                if (families.size() == 1) {
                    checkFamily(table, chain, i, families.iterator().next());
                }
            }
        }
    }

    private static void checkFamily(Table table, Chain chain, int index, IpFamily family) {
        Rule rule = chain.rules().get(index);
        for (Match match : rule.matches()) {
            checkFamily(table, chain, index, match, match.onlyFamily(), family);
        }
        checkFamily(table, chain, index, rule.target(), rule.target().onlyFamily(), family);
    }

    private static void checkFamily(Table table, Chain chain, int index, Object part, Optional<IpFamily> asked, IpFamily family) {
        if (asked.isPresent() && asked.get() != family) {
            throw new IllegalArgumentException(new TableCheck.Where(table.name(), chain, index) + ": " + words(part) + " in rules for " + family);
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
