package io.inpod.iptables.pod;

import io.inpod.iptables.Chain;
import io.inpod.iptables.FamilyScope;
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
 * What several parts bring into one rule set. They fit together only when all are there, and so the tables are checked once, when the
 * rule set is made. In built-in chains the rules come after those of others. Not thread-safe.
 */
final class Draft {
    private final Map<TableName, Map<String, List<Rule>>> tables = new EnumMap<>(TableName.class);
    private @Nullable IpFamily family;

    /** What is added from now on is for one family, also if another brings the same: each family's rules stay exactly its own. */
    Draft naming(IpFamily only) {
        family = only;
        return this;
    }

    /** Adds chains to a table; the rules of one that is there already come behind its rules. */
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
        List<Rule> rules = tables.computeIfAbsent(table, name -> new LinkedHashMap<>()).computeIfAbsent(chain.name(), name -> new ArrayList<>());
        if (family == null) {
            rules.addAll(chain.rules());
        } else {
            for (Rule rule : chain.rules()) {
                rules.add(rule.only(family));
            }
        }
    }

    RuleSet of(IpFamily only) {
        return ruleSet(FamilyScope.of(only));
    }

    RuleSet ofBoth() {
        return ruleSet(FamilyScope.BOTH);
    }

    private RuleSet ruleSet(FamilyScope families) {
        List<Table> made = new ArrayList<>(tables.size());
        tables.forEach((table, chains) -> {
            List<Chain> all = new ArrayList<>(chains.size());
            chains.forEach((chain, rules) -> all.add(new Chain(chain, rules)));
            made.add(new Table(table, all));
        });
        return new RuleSet(families, made, List.of());
    }
}
