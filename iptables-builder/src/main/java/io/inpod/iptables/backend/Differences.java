package io.inpod.iptables.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Says in words how what is found of ours differs from what is wanted. */
final class Differences {
    private final List<String> words = new ArrayList<>();

    private Differences() {
    }

    static List<String> between(Map<String, OwnedTable> found, Map<String, OwnedTable> wanted) {
        Differences differences = new Differences();
        Set<String> names = new TreeSet<>(found.keySet());
        names.addAll(wanted.keySet());
        for (String name : names) {
            differences.table(name, found.getOrDefault(name, OwnedTable.NOTHING), wanted.getOrDefault(name, OwnedTable.NOTHING));
        }
        return List.copyOf(differences.words);
    }

    private void table(String table, OwnedTable found, OwnedTable wanted) {
        Set<String> hooked = new TreeSet<>(found.jumps().keySet());
        hooked.addAll(wanted.jumps().keySet());
        for (String chain : hooked) {
            rules(table + " " + chain + " jump", found.jumpTexts(chain), wanted.jumpTexts(chain));
        }
        wanted.chains().forEach((chain, rules) -> {
            List<String> there = found.chains().get(chain);
            if (there == null) {
                words.add(table + " chain " + chain + " is missing");
            } else {
                rules(table + " " + chain + " rule", there, rules);
            }
        });
        for (String chain : found.chains().keySet()) {
            if (!wanted.chains().containsKey(chain)) {
                words.add(table + " chain " + chain + " doesn't belong there");
            }
        }
    }

    /** Compares what lies between the common beginning and the common end. */
    private void rules(String where, List<String> found, List<String> wanted) {
        int common = Math.min(found.size(), wanted.size());
        int start = 0;
        while (start < common && found.get(start).equals(wanted.get(start))) {
            start++;
        }
        int end = 0;
        while (end < common - start && found.get(found.size() - 1 - end).equals(wanted.get(wanted.size() - 1 - end))) {
            end++;
        }
        for (int i = start; i < Math.max(found.size(), wanted.size()) - end; i++) {
            String is = i < found.size() - end ? found.get(i) : null;
            String expected = i < wanted.size() - end ? wanted.get(i) : null;
            if (is == null) {
                words.add(where + " " + (i + 1) + " is missing: " + expected);
            } else if (expected == null) {
                words.add(where + " " + (i + 1) + " is foreign: " + is);
            } else {
                words.add(where + " " + (i + 1) + ": expected " + expected + ", found " + is);
            }
        }
    }
}
