package io.inpod.iptables.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What {@code nft list ruleset} says, whatever the order of tables and chains, which tells only when each was made. */
final class NftListing {
    private NftListing() {
    }

    /** Lines by "family table chain"; the first says how packets get into a base chain. */
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
