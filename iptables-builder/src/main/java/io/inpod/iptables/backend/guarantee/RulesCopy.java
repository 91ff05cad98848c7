package io.inpod.iptables.backend.guarantee;

import io.inpod.iptables.backend.internal.tools.KernelFamilies;
import io.inpod.iptables.backend.internal.tools.LegacyTables;
import io.inpod.iptables.backend.internal.tools.ToolRun;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.backend.tools.IptablesTools.Variant;
import io.inpod.iptables.pod.PodRules;
import io.inpod.iptables.text.IptablesSave;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Copies all rules of a namespace, no matter which program wrote them, to another namespace, and reads their counters there. The tables of
 * both implementations of iptables are copied with iptables-save, other tables of nf_tables with nft.
 */
final class RulesCopy {
    private static final Set<String> STANDARD = Set.of("filter", "nat", "mangle", "raw", "security");

    private final IptablesTools tools;
    private final NetworkNamespace from;
    private final List<String> nativeTables;

    private RulesCopy(IptablesTools tools, NetworkNamespace from, List<String> nativeTables) {
        this.tools = tools;
        this.from = from;
        this.nativeTables = nativeTables;
    }

    static RulesCopy of(IptablesTools tools, NetworkNamespace from) throws IOException {
        return new RulesCopy(tools, from, nativeTables(new ToolRun(tools, from)));
    }

    void into(NetworkNamespace to) throws IOException {
        for (IpFamily family : IpFamily.values()) {
            if (!KernelFamilies.has(family)) {
                continue;
            }
            for (Variant variant : variants(from, family)) {
                ToolRun source = new ToolRun(tools.withVariant(variant), from);
                String saved = source.save(family);
                IptablesSave tables = IptablesSave.parse(saved);
                if (!tables.unreadable().isEmpty()) {
                    throw new IOException(
                            "the rules in " + from + " can't be copied: iptables-save can't express the tables " + tables.unreadable());
                }
                if (!tables.tables().isEmpty()) {
                    new ToolRun(tools.withVariant(variant), to).restore(family, saved);
                }
            }
        }
        for (String table : nativeTables) {
            new ToolRun(tools, to).nft(new ToolRun(tools, from).nft("", "list table " + table), "-f", "-");
        }
    }

    /** Running iptables-legacy would load its modules, so it runs only where it has tables. */
    private static List<Variant> variants(NetworkNamespace namespace, IpFamily family) throws IOException {
        return LegacyTables.exist(namespace, family) ? List.of(Variant.NFT, Variant.LEGACY) : List.of(Variant.NFT);
    }

    private static List<String> nativeTables(ToolRun run) throws IOException {
        List<String> tables = new ArrayList<>();
        for (String line : run.nft("", "list tables").split("\n")) {
            String[] words = line.split(" ");
            if (words.length == 3 && !(words[1].matches("ip6?") && STANDARD.contains(words[2]))) {
                tables.add(words[1] + " " + words[2]);
            }
        }
        return tables;
    }

    /** Returns how a pod's rules are listed in the tables in which this namespace has its own. */
    RuleTexts listed(PodRules rules, IpFamily family) throws IOException {
        boolean inet = nativeTables.stream().anyMatch(table -> table.startsWith("inet " + PodRules.NAMES.tablePrefix()));
        return inet ? RuleTexts.ofInet(rules, family, tools) : RuleTexts.ofIptables(rules, family);
    }

    /** Returns how many packets each copied rule has met that packets of a family can meet, by "table chain rule n: text". */
    Map<String, Long> counted(NetworkNamespace namespace, IpFamily family) throws IOException {
        Map<String, Long> counts = new LinkedHashMap<>();
        for (Variant variant : variants(namespace, family)) {
            RuleCounters.ofSave(new ToolRun(tools.withVariant(variant), namespace).saveWithCounters(family), counts);
        }
        for (String table : nativeTables) {
            RuleCounters.ofNft(new ToolRun(tools, namespace).nft("", "list table " + table), table, counts);
        }
        return counts;
    }
}
