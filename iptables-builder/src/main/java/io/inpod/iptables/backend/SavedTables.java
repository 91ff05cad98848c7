package io.inpod.iptables.backend;

import io.inpod.iptables.Table;
import io.inpod.iptables.internal.Quote;
import io.inpod.iptables.internal.Words;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What iptables-save printed: per table and chain the rules in order, each without {@code -A CHAIN}.
 *
 * @param tables table name, chain name, rules
 * @param unreadable tables that hold what iptables can't express, and so doesn't list
 */
record SavedTables(Map<String, Map<String, List<String>>> tables, Set<String> unreadable) {
    private static final Pattern INCOMPATIBLE = Pattern.compile("# Table `(.*)' is incompatible.*");

    static SavedTables parse(String text) throws IOException {
        Map<String, Map<String, List<String>>> tables = new LinkedHashMap<>();
        Set<String> unreadable = new HashSet<>();
        Map<String, List<String>> chains = null;
        for (String line : text.split("\n")) {
            Matcher incompatible = INCOMPATIBLE.matcher(line);
            if (incompatible.matches()) {
                unreadable.add(incompatible.group(1));
            } else if (line.startsWith("*")) {
                chains = tables.computeIfAbsent(line.substring(1).strip(), name -> new LinkedHashMap<>());
            } else if (chains != null && line.startsWith(":")) {
                chains.putIfAbsent(Words.first(line.substring(1)), new ArrayList<>());
            } else if (chains != null && line.startsWith("-A ")) {
                String rest = line.substring(3);
                String chain = Words.first(rest);
                chains.computeIfAbsent(chain, name -> new ArrayList<>()).add(rest.substring(chain.length()).strip());
            } else if (!line.isBlank() && !line.startsWith("#") && !line.equals("COMMIT")) {
                throw new IOException("iptables-save printed a line that is no rule: " + Quote.of(line));
            }
        }
        return new SavedTables(tables, unreadable);
    }
}
