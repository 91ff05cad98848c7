package io.inpod.iptables.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The output of {@code nft list ruleset}, independent of the order of tables and chains, which only shows when they were created. */
final class NftListing {
    private NftListing() {
    }

    /** Returns the lines of each chain, by "family table chain". The first line of a base chain is its hook. */
    static Map<String, List<String>> of(String text) {
        Map<String, List<String>> chains = new TreeMap<>();
        String table = "";
        List<String> rules = new ArrayList<>();
        for (String line : text.split("\n")) {
            if (line.startsWith("table ")) {
                table = line.substring("table ".length(), line.indexOf(" {"));
            } else if (line.startsWith("\tchain ")) {
                rules = chains.computeIfAbsent(table + " " + line.substring("\tchain ".length(), line.indexOf(" {")), chain -> new ArrayList<>());
            } else if (line.startsWith("\t\t")) {
                rules.add(line.strip());
            }
        }
        return chains;
    }
}
