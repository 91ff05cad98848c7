package io.inpod.iptables.text;

import io.inpod.iptables.internal.Quote;
import java.util.Set;
import java.util.regex.Pattern;

/** Names that nft(8) reads as names: it has no quotes for those of tables, chains and sets. */
final class NftNames {
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z][A-Za-z0-9_.-]*");
    /** Words that nft 1.0.6 doesn't take for a chain's name, and those that begin a statement in later ones. */
    private static final Set<String> WORDS =
            Set.of("bridge", "comment", "continue", "create", "delete", "describe", "dnat", "drop", "exists", "expires",
                    "flow", "flush", "gc-interval", "goto", "handle", "hour", "ibriport", "ibrname", "icmpv6", "iifgroup", "iifname",
                    "iiftype", "inet", "insert",
                    "jhash", "jump", "masquerade", "meter", "missing", "netdev", "nftrace", "notrack", "obriport", "obrname", "oifgroup",
                    "oifname", "oiftype",
                    "priority", "rename", "replace", "return", "rtclassid", "rule", "ruleset", "skgid", "snat", "symhash", "typeof", "vmap",
                    "accept", "add", "all",
                    "any", "arp", "cgroup", "chain", "chains", "counter", "counters", "cpu", "ct", "destroy", "device", "devices", "dscp",
                    "element", "elements",
                    "export", "fib", "flags", "flowtable", "fwd", "get", "hook", "icmp", "igmp", "iif", "import", "include", "ip", "ip6",
                    "last", "length", "limit",
                    "list", "log", "map", "maps", "mark", "meta", "mh", "monitor", "nat", "numgen", "oif", "osf", "pkttype", "policy",
                    "queue", "quota", "random",
                    "redirect", "reject", "reset", "rt", "sctp", "secmark", "set", "sets", "skuid", "socket", "state", "synproxy", "table",
                    "tables", "tcp", "time",
                    "tproxy", "type", "udp", "undefine", "update", "vlan", "xt", "define", "redefine", "prerouting", "input", "forward",
                    "output", "postrouting");

    private NftNames() {}

    static String check(String field, String name) {
        if (!PLAIN.matcher(name).matches() || WORDS.contains(name)) {
            throw NftRule.cannot("the " + field + " " + Quote.of(name)
                    + (WORDS.contains(name) ? ": it is a word of its language" : ": it doesn't begin with a letter"));
        }
        return name;
    }
}
