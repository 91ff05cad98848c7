package io.inpod.iptables.text;

import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Hook;
import io.inpod.iptables.Listing.ListedRule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.internal.Words;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads the rules of any programs from a listing of iptables-save. */
final class ForeignIptables {
    private ForeignIptables() {}

    static ForeignRules read(IptablesSave saved, IpFamily family) throws IOException {
        List<String> leftOut = new ArrayList<>();
        List<Table> tables = new ArrayList<>();
        saved.unreadable().forEach(table -> leftOut.add("table " + table + ", whose rules only nft understands"));
        try {
            saved.tables().forEach((table, chains) -> {
                Optional<TableName> name = IptablesSave.name(table);
                if (name.isEmpty()) {
                    leftOut.add("table " + table + " with " + chains.values().stream().mapToInt(chain -> chain.rules().size()).sum()
                            + " rules");
                    return;
                }
                ForeignTable built = new ForeignTable(table, name.get(), FamilyScope.of(family), List.of(), leftOut);
                chains.forEach((chain, content) -> {
                    if (Hook.isName(chain) && !content.policy().equals("ACCEPT") && !content.policy().equals("-")) {
                        leftOut.add(table + ": the policy " + content.policy() + " of " + chain);
                    }
                    List<ListedRule> rules = new ArrayList<>();
                    content.rules().forEach(rule -> rules.add(IptablesSave.listed(rules.size() + 1, rule, family)));
                    Set<String> leads = new HashSet<>();
                    content.rules().forEach(rule -> leads.add(Words.target(rule.text())));
                    built.add(new ForeignTable.Found(chain, rules, leads));
                });
                tables.add(built.build());
            });
        } catch (IllegalArgumentException e) {
            throw new IOException("iptables-save printed rules that no kernel has: " + e.getMessage(), e);
        }
        return new ForeignRules(new RuleSet(family, tables), leftOut);
    }
}
