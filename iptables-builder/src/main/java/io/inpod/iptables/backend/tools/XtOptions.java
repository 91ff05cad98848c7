package io.inpod.iptables.backend.tools;

import io.inpod.iptables.internal.Words;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The options of the kernel's configuration that provide what a rule of iptables or nft uses, see net/netfilter/Kconfig. */
final class XtOptions {
    private static final Pattern EXTENSION = Pattern.compile("[Ee]xtension (\\w+) revision|load (?:target|match) [`'](\\w+)'");
    private static final Map<String, String> TARGETS =
            Map.of("REDIRECT", "NETFILTER_XT_TARGET_REDIRECT", "MASQUERADE", "NETFILTER_XT_TARGET_MASQUERADE",
                    "DNAT", "NETFILTER_XT_NAT", "SNAT", "NETFILTER_XT_NAT", "REJECT", "IP_NF_TARGET_REJECT", "MARK", "NETFILTER_XT_MARK",
                    "CONNMARK",
                    "NETFILTER_XT_CONNMARK", "CT", "NETFILTER_XT_TARGET_CT", "NOTRACK", "NETFILTER_XT_TARGET_CT");
    private static final Map<String, String> MATCHES =
            Map.of("mark", "NETFILTER_XT_MARK", "connmark", "NETFILTER_XT_CONNMARK", "set", "NETFILTER_XT_SET");
    /** By the words with which nft's statements begin. */
    private static final Map<String, String> STATEMENTS = Map.ofEntries(Map.entry("queue", "NFT_QUEUE"), Map.entry("numgen", "NFT_NUMGEN"),
            Map.entry("count", "NFT_CONNLIMIT"), Map.entry("masquerade", "NFT_MASQ"), Map.entry("redirect", "NFT_REDIR"),
            Map.entry("dnat", "NFT_NAT"), Map.entry("snat", "NFT_NAT"), Map.entry("tproxy", "NFT_TPROXY"),
            Map.entry("reject", "NFT_REJECT_INET"), Map.entry("log", "NFT_LOG"), Map.entry("limit", "NFT_LIMIT"),
            Map.entry("socket", "NFT_SOCKET"), Map.entry("fib", "NFT_FIB_INET"), Map.entry("ct", "NFT_CT"), Map.entry("notrack", "NFT_CT"));
    private static final List<String> BUILT_IN = List.of("ACCEPT", "DROP", "RETURN", "tcp", "udp", "icmp", "icmp6");

    private XtOptions() {}

    /** In words: the option of the extension that the tool named, or those of all extensions in the line that failed; may be empty. */
    static String of(String errorText, String line) {
        List<String> options = new ArrayList<>();
        Matcher named = EXTENSION.matcher(errorText);
        while (named.find()) {
            add(options, named.group(1) != null ? named.group(1) : named.group(2));
        }
        if (options.isEmpty()) {
            List<String> words = Words.split(line);
            for (int i = 0; i + 1 < words.size(); i++) {
                if (words.get(i).equals("-m") || words.get(i).equals("-j")) {
                    add(options, words.get(i + 1));
                }
            }
            if (!words.isEmpty() && !words.get(0).startsWith("-")) {
                words.stream().filter(STATEMENTS::containsKey).map(word -> "CONFIG_" + STATEMENTS.get(word)).distinct()
                        .forEach(options::add);
            }
        }
        return String.join(", ", options);
    }

    private static void add(List<String> options, String extension) {
        if (BUILT_IN.contains(extension) || !extension.matches("[A-Z]+|[a-z0-9]+")) {
            return; // part of the tables themselves, or a chain
        }
        boolean target = Character.isUpperCase(extension.charAt(0));
        String option = "CONFIG_" + (target ? TARGETS.getOrDefault(extension, "NETFILTER_XT_TARGET_" + extension)
                : MATCHES.getOrDefault(extension, "NETFILTER_XT_MATCH_" + extension.toUpperCase(Locale.ROOT)));
        if (!options.contains(option)) {
            options.add(option);
        }
    }
}
