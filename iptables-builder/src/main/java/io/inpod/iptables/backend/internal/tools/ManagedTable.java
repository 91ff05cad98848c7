package io.inpod.iptables.backend.internal.tools;

import io.inpod.iptables.Chain;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.internal.Bytes;
import io.inpod.iptables.internal.Words;
import io.inpod.iptables.text.IptablesRestore;
import io.inpod.iptables.text.IptablesSave;
import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The managed part of a table, wanted or found: the managed chains, and the rules in other chains that lead to them.
 *
 * @param chains rules by chain
 * @param jumps rules in other chains, by chain
 */
public record ManagedTable(Map<String, List<String>> chains, Map<String, List<Jump>> jumps) {
    public static final ManagedTable NOTHING = new ManagedTable(Map.of(), Map.of());

    /**
     * A rule that leads to a managed chain.
     *
     * @param position its position among all rules of its chain, from 1; 0 is "at the end"
     * @param rule its text
     */
    public record Jump(int position, String rule) {
    }

    /** Returns what a rule set contains for one family, by table. */
    public static Map<String, ManagedTable> wanted(RuleSet rules, IpFamily family) {
        Map<String, ManagedTable> tables = new TreeMap<>();
        for (Table table : rules.only(family).tables()) {
            ManagedTable part = new ManagedTable(new LinkedHashMap<>(), new LinkedHashMap<>());
            for (Chain chain : table.chains()) {
                List<String> texts = chain.rules().stream().map(rule -> Bytes.carry(IptablesRestore.rule(rule, family))).toList();
                if (chain.isBuiltIn()) {
                    boolean first = chain.placement() == Chain.Placement.FIRST;
                    List<Jump> jumps = new ArrayList<>();
                    texts.forEach(text -> jumps.add(new Jump(first ? jumps.size() + 1 : 0, text)));
                    part.jumps.put(chain.name(), jumps);
                } else {
                    part.chains.put(chain.name(), texts);
                }
            }
            tables.put(table.name().toString(), part);
        }
        return tables;
    }

    /** Returns what a listing contains of chains with managed names, by table. */
    public static Map<String, ManagedTable> found(IptablesSave saved, Set<String> managed) {
        Map<String, ManagedTable> tables = new TreeMap<>();
        saved.tables().forEach((table, chains) -> {
            ManagedTable part = new ManagedTable(new LinkedHashMap<>(), new LinkedHashMap<>());
            chains.forEach((chain, listed) -> {
                List<String> rules = listed.texts();
                if (managed.contains(chain)) {
                    part.chains.put(chain, rules);
                    return;
                }
                List<Jump> jumps = new ArrayList<>();
                for (int i = 0; i < rules.size(); i++) {
                    if (managed.contains(Words.target(rules.get(i)))) {
                        jumps.add(new Jump(i + 1, rules.get(i)));
                    }
                }
                if (!jumps.isEmpty()) {
                    part.jumps.put(chain, jumps);
                }
            });
            tables.put(table, part);
        });
        return tables;
    }

    /** Whether there is any managed chain. */
    public boolean isUsed() {
        return !chains.isEmpty();
    }

    List<Jump> jumps(String chain) {
        return jumps.getOrDefault(chain, List.of());
    }

    List<String> jumpTexts(String chain) {
        return jumps(chain).stream().map(Jump::rule).toList();
    }
}
