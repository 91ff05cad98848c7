package io.inpod.iptables.pod;

import io.inpod.iptables.Chain;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Hook;
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
import java.util.Optional;

/**
 * Collects the contributions of several parts to one rule set. Only the complete set is consistent, so the tables are checked once, when
 * the rule set is created. Built-in chains are appended to. Not thread-safe.
 */
final class Draft {
    private final Map<TableName, Map<String, List<Rule>>> tables = new EnumMap<>(TableName.class);
    private FamilyScope scope = FamilyScope.BOTH;

    /** Restricts everything added from now on to one family, so that each family keeps its own rules even if both get the same ones. */
    Draft restrictedTo(IpFamily only) {
        scope = FamilyScope.of(only);
        return this;
    }

    /** Returns the families to which everything added is restricted. */
    FamilyScope scope() {
        return scope;
    }

    /** Adds rules to a chain, after those that it already has. */
    void add(TableName table, PodChain chain, List<Rule> rules) {
        add(table, chain.name(), rules);
    }

    /** Adds a rule to a built-in chain. */
    void add(TableName table, Hook hook, Rule rule) {
        add(table, hook.name(), List.of(rule));
    }

    /** Lets a built-in chain lead to another chain. */
    void jump(TableName table, Hook hook, PodChain to) {
        add(table, hook, to.jump().in(scope));
    }

    void add(Table table) {
        table.chains().forEach(chain -> add(table.name(), chain.name(), chain.rules()));
    }

    private void add(TableName table, String chain, List<Rule> added) {
        List<Rule> rules =
                tables.computeIfAbsent(table, name -> new LinkedHashMap<>()).computeIfAbsent(chain, name -> new ArrayList<>());
        Optional<IpFamily> family = scope.single();
        if (family.isEmpty()) {
            rules.addAll(added);
            return;
        }
        for (Rule rule : added) {
            rules.add(ScopedRule.only(rule, family.get()));
        }
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
