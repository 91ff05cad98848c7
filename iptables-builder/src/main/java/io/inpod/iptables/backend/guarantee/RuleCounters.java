package io.inpod.iptables.backend.guarantee;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads from the listings of iptables-save and nft how many packets met each rule, and each policy that drops. */
final class RuleCounters {
    private static final Pattern SAVED = Pattern.compile("\\[(\\d+):\\d+] -A (\\S+) (.*)");
    private static final Pattern DROPPED = Pattern.compile(":(\\S+) DROP \\[(\\d+):\\d+]");
    private static final Pattern CHAIN = Pattern.compile("\\s*chain (\\S+) \\{");
    private static final Pattern COUNTED = Pattern.compile("counter packets (\\d+) bytes \\d+");

    private RuleCounters() {}

    static void ofSave(String saved, Map<String, Long> counts) {
        String table = "";
        Map<String, Integer> numbers = new HashMap<>();
        for (String line : saved.split("\n")) {
            Matcher rule = SAVED.matcher(line);
            Matcher policy = DROPPED.matcher(line);
            if (line.startsWith("*")) {
                table = line.substring(1).strip();
                numbers.clear();
            } else if (policy.matches()) {
                counts.put(table + " " + policy.group(1) + " policy: DROP", Long.valueOf(policy.group(2)));
            } else if (rule.matches()) {
                int number = numbers.merge(rule.group(2), 1, Integer::sum);
                counts.put(table + " " + rule.group(2) + " rule " + number + ": " + rule.group(3), Long.valueOf(rule.group(1)));
            }
        }
    }

    /** Rules without a counter count as met by none. */
    static void ofNft(String listed, String table, Map<String, Long> counts) {
        String chain = "";
        int number = 0;
        for (String line : listed.split("\n")) {
            Matcher start = CHAIN.matcher(line);
            Matcher counter = COUNTED.matcher(line);
            if (start.matches()) {
                chain = start.group(1);
                number = 0;
            } else if (!chain.isEmpty() && !line.isBlank() && !line.strip().startsWith("type ") && !line.strip().equals("}")) {
                number++;
                Long met = counter.find() ? Long.valueOf(counter.group(1)) : Long.valueOf(0);
                counts.put(table + " " + chain + " rule " + number + ": " + counter.replaceFirst("counter").strip(), met);
            }
        }
    }
}
