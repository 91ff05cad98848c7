package io.inpod.iptables.pod;

import io.inpod.iptables.Chain;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Match;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Collects the contributions of several parts to one rule set. Only the complete set is consistent, so the tables are checked once, when
 * the rule set is created. Built-in chains are appended to. Not thread-safe.
 */
final class Draft {
    private final Map<TableName, Map<String, List<Rule>>> tables = new EnumMap<>(TableName.class);
    private @Nullable IpFamily family;

    /** Restricts everything added from now on to one family, so that each family keeps its own rules even if both get the same ones. */
    Draft restrictedTo(IpFamily only) {
        family = only;
        return this;
    }

    /** Adds chains to a table. The rules of a chain that exists already are appended to it. */
    Draft add(TableName table, Chain... chains) {
        for (Chain chain : chains) {
            add(table, chain);
        }
        return this;
    }

    Draft add(Table table) {
        table.chains().forEach(chain -> add(table.name(), chain));
        return this;
    }

    private void add(TableName table, Chain chain) {
        List<Rule> rules =
                tables.computeIfAbsent(table, name -> new LinkedHashMap<>()).computeIfAbsent(chain.name(), name -> new ArrayList<>());
        if (family == null) {
            rules.addAll(chain.rules());
        } else {
            for (Rule rule : chain.rules()) {
                rules.add(only(rule, family));
            }
        }
    }

    /** Restricts a rule to a family, unless a part of it does so already. */
    static Rule only(Rule rule, IpFamily family) {
        if (rule.families() != FamilyScope.BOTH) {
            return rule;
        }
        List<Match> matches = new ArrayList<>(rule.matches().size() + 1);
        matches.add(Match.family(family));
        matches.addAll(rule.matches());
        return new Rule(matches, rule.target());
    }

    RuleSet of(IpFamily only) {
        return ruleSet(FamilyScope.of(only));
    }

    RuleSet ofBoth() {
        return ruleSet(FamilyScope.BOTH);
    }

    private RuleSet ruleSet(FamilyScope families) {
        List<Table> all = new ArrayList<>(tables.size());
        tables.forEach((table, chains) -> {
            List<Chain> content = new ArrayList<>(chains.size());
            chains.forEach((chain, rules) -> content.add(new Chain(chain, rules)));
            all.add(new Table(table, content));
        });
        return new RuleSet(families, all, List.of());
    }
}
