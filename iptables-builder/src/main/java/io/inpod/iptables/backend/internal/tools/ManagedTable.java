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
 * The part of a table that is ours, wanted or found: our chains, and the rules elsewhere that lead into them.
 *
 * @param chains rules by chain
 * @param jumps rules by the chain in which they stand, with their position
 */
public record ManagedTable(Map<String, List<String>> chains, Map<String, List<Jump>> jumps) {
    static final ManagedTable NOTHING = new ManagedTable(Map.of(), Map.of());

    /**
     * A rule that leads into one of our chains.
     *
     * @param position counted from 1 among all rules of its chain; 0 is "at the end"
     * @param rule as text
     */
    public record Jump(int position, String rule) {
    }

    /** What a rule set asks for in one family, by table. */
    public static Map<String, ManagedTable> wanted(RuleSet rules, IpFamily family) {
        Map<String, ManagedTable> tables = new TreeMap<>();
        for (Table table : rules.only(family).tables()) {
            ManagedTable owned = new ManagedTable(new LinkedHashMap<>(), new LinkedHashMap<>());
            for (Chain chain : table.chains()) {
                List<String> texts = chain.rules().stream().map(rule -> Bytes.carry(IptablesRestore.rule(rule, family))).toList();
                if (chain.isBuiltIn()) {
                    boolean first = chain.placement() == Chain.Placement.FIRST;
                    List<Jump> jumps = new ArrayList<>();
                    texts.forEach(text -> jumps.add(new Jump(first ? jumps.size() + 1 : 0, text)));
                    owned.jumps.put(chain.name(), jumps);
                } else {
                    owned.chains.put(chain.name(), texts);
                }
            }
            tables.put(table.name().toString(), owned);
        }
        return tables;
    }

    /** What a listing holds of chains with our names, in any table. */
    public static Map<String, ManagedTable> found(IptablesSave saved, Set<String> ours) {
        Map<String, ManagedTable> tables = new TreeMap<>();
        saved.tables().forEach((table, chains) -> {
            ManagedTable owned = new ManagedTable(new LinkedHashMap<>(), new LinkedHashMap<>());
            chains.forEach((chain, rules) -> {
                if (ours.contains(chain)) {
                    owned.chains.put(chain, List.copyOf(rules));
                    return;
                }
                List<Jump> jumps = new ArrayList<>();
                for (int i = 0; i < rules.size(); i++) {
                    if (ours.contains(Words.target(rules.get(i)))) {
                        jumps.add(new Jump(i + 1, rules.get(i)));
                    }
                }
                if (!jumps.isEmpty()) {
                    owned.jumps.put(chain, jumps);
                }
            });
            tables.put(table, owned);
        });
        return tables;
    }

    List<Jump> jumps(String chain) {
        return jumps.getOrDefault(chain, List.of());
    }

    List<String> jumpTexts(String chain) {
        return jumps(chain).stream().map(Jump::rule).toList();
    }
}
