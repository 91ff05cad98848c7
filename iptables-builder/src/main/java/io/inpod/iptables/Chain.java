package io.inpod.iptables;

import io.inpod.iptables.internal.Quote;
import java.util.List;
import java.util.Set;

/**
 * A list of rules, which packets traverse in order.
 *
 * @param name the name of a {@link Hook} for a built-in chain; otherwise 1 to 28 letters, digits and {@code _ . -},
 *     starting with a letter, digit or {@code _}, not the name of a target
 * @param placement where the rules are inserted in a built-in chain; {@link Placement#LAST} in other chains
 * @param rules the rules in order
 */
public record Chain(String name, Placement placement, List<Rule> rules) {
    /** Where rules are inserted in a built-in chain, which may contain rules of other programs. */
    public enum Placement {
        /** After the existing rules. */
        LAST,
        /** Before the existing rules. */
        FIRST
    }

    private static final int MOST_LETTERS = 28;
    private static final Set<String> TARGETS = Set.of("ACCEPT", "AUDIT", "CHECKSUM", "CLASSIFY", "CLUSTERIP", "CONNMARK",
            "CONNSECMARK", "CT", "DNAT", "DNPT", "DROP", "DSCP", "ECN", "HL", "HMARK", "IDLETIMER", "LED", "LOG", "MARK", "MASQUERADE",
            "MIRROR", "NETMAP", "NFLOG", "NFQUEUE", "NOTRACK", "QUEUE", "RATEEST", "REDIRECT", "REJECT", "RETURN", "SAME", "SECMARK",
            "SET", "SNAT", "SNPT", "SYNPROXY", "TCPMSS", "TCPOPTSTRIP", "TEE", "TOS", "TPROXY", "TRACE", "TTL", "ULOG");

    /**
     * Checks the name.
     *
     * @param name the chain's name
     * @param placement where the rules are inserted
     * @param rules the rules
     * @throws IllegalArgumentException if the name is not valid, or only a built-in chain can have the placement
     */
    public Chain {
        if (!Hook.isName(name)) {
            checkOwnName(name);
            if (placement != Placement.LAST) {
                throw new IllegalArgumentException(
                        "chain " + name + " is not built in: nobody else's rules are in it, so that its rules can't be first");
            }
        }
        rules = List.copyOf(rules);
    }

    /**
     * Creates a chain whose rules come after those of other programs.
     *
     * @param name its name
     * @param rules its rules in order
     * @throws IllegalArgumentException if the name is not valid
     */
    public Chain(String name, List<Rule> rules) {
        this(name, Placement.LAST, rules);
    }

    /**
     * Creates a chain whose rules come after those of other programs.
     *
     * @param name its name
     * @param rules its rules in order
     * @return the chain
     * @throws IllegalArgumentException if the name is not valid
     */
    public static Chain of(String name, Rule... rules) {
        return new Chain(name, List.of(rules));
    }

    /**
     * Creates a built-in chain whose rules come before those of other programs.
     *
     * @param hook the hook of the chain
     * @param rules its rules in order
     * @return the chain
     */
    public static Chain first(Hook hook, Rule... rules) {
        return new Chain(hook.name(), Placement.FIRST, List.of(rules));
    }

    /** {@return whether this is a built-in chain} */
    public boolean isBuiltIn() {
        return Hook.isName(name);
    }

    static void checkOwnName(String name) {
        if (!isWord(name)) {
            throw new IllegalArgumentException("chain name " + Quote.of(name)
                    + " is not 1 to 28 letters, digits and _ . - starting with a letter, digit or _");
        }
        if (TARGETS.contains(name) || Hook.isName(name)) {
            throw new IllegalArgumentException("chain name " + Quote.of(name) + " is that of a target or built-in chain");
        }
    }

    /** Hand-written, because a pattern takes longer than the rest of a rule: each jump checks its name. */
    private static boolean isWord(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean anywhere = c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_';
            if (!anywhere && (i == 0 || c != '.' && c != '-')) {
                return false;
            }
        }
        return !name.isEmpty() && name.length() <= MOST_LETTERS;
    }
}
