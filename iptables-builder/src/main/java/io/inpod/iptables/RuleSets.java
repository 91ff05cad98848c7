package io.inpod.iptables;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Puts rule sets together. */
final class RuleSets {
    private RuleSets() {
    }

    /** Both, for the families of both; where they have the same chain, the rules of the first come first. */
    static RuleSet merge(RuleSet first, RuleSet second) {
        Set<IpFamily> families = EnumSet.copyOf(first.families());
        families.addAll(second.families());
        Map<TableName, Map<String, Chain>> tables = new LinkedHashMap<>();
        List<AddressSet> sets = new ArrayList<>();
        for (RuleSet rules : List.of(first, second)) {
            for (Table table : rules.tables()) {
                Map<String, Chain> chains = tables.computeIfAbsent(table.name(), name -> new LinkedHashMap<>());
                table.chains().forEach(chain -> chains.merge(chain.name(), chain, RuleSets::append));
            }
            sets.addAll(rules.sets());
        }
        return new RuleSet(families, tables.entrySet().stream()
                .map(table -> new Table(table.getKey(), List.copyOf(table.getValue().values()))).toList(), sets);
    }

    private static Chain append(Chain first, Chain second) {
        List<Rule> rules = new ArrayList<>(first.rules());
        rules.addAll(second.rules());
        return new Chain(first.name(), first.placement(), rules);
    }

    /** Rules of one family each as one set: what both have alike stays apart, so that each family's rules are exactly its own. */
    static RuleSet both(RuleSet v4, RuleSet v6) {
        return merge(naming(v4, IpFamily.V4), naming(v6, IpFamily.V6));
    }

    private static RuleSet naming(RuleSet rules, IpFamily family) {
        List<Table> tables = new ArrayList<>();
        for (Table table : rules.tables()) {
            tables.add(new Table(table.name(), table.chains().stream().map(chain -> new Chain(chain.name(), chain.placement(),
                    chain.rules().stream().map(rule -> naming(rule, family)).toList())).toList()));
        }
        return new RuleSet(EnumSet.allOf(IpFamily.class), tables, rules.sets());
    }

    private static Rule naming(Rule rule, IpFamily family) {
        if (rule.onlyFamily().isPresent()) {
            return rule;
        }
        List<Match> matches = new ArrayList<>(rule.matches());
        matches.add(Match.family(family));
        return new Rule(matches, rule.target());
    }
}
