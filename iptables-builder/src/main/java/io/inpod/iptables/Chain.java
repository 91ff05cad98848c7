package io.inpod.iptables;

import io.inpod.iptables.internal.Quote;
import java.util.List;
import java.util.Set;

/**
 * A list of rules, tried in order.
 *
 * @param name a built-in chain, which is the name of a {@link Hook}, or one of the user's: 1 to 28 letters, digits and {@code _ . -},
 *     starting with a letter, digit or {@code _}, and no name of a target
 * @param placement where in a built-in chain the rules go; {@link Placement#LAST} in others
 * @param rules the rules
 */
public record Chain(String name, Placement placement, List<Rule> rules) {
    /** Where in a built-in chain the rules go, which may hold rules of other programs. */
    public enum Placement {
        /** After the rules that are there. */
        LAST,
        /** Before the rules that are there. */
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
     * @param name a built-in chain, which is the name of a {@link Hook}, or one of the user's: 1 to 28 letters, digits and {@code _ .
     *     -}, starting with a letter, digit or {@code _}, and no name of a target
     * @param placement where in a built-in chain the rules go; {@link Placement#LAST} in others
     * @param rules the rules
     * @throws IllegalArgumentException if it is no chain's name, or the placement is that of a built-in chain
     */
    public Chain {
        if (!Hook.isName(name)) {
            checkOwnName(name);
            if (placement != Placement.LAST) {
                throw new IllegalArgumentException("chain " + name + " is not built in: nobody else's rules are in it, so that its rules can't be first");
            }
        }
        rules = List.copyOf(rules);
    }

    /**
     * Makes a chain whose rules come after those of others.
     *
     * @param name its name
     * @param rules its rules in order
     * @throws IllegalArgumentException if it is no chain's name
     */
    public Chain(String name, List<Rule> rules) {
        this(name, Placement.LAST, rules);
    }

    /**
     * Makes a chain whose rules come after those of others.
     *
     * @param name its name
     * @param rules its rules in order
     * @return the chain
     * @throws IllegalArgumentException if it is no chain's name
     */
    public static Chain of(String name, Rule... rules) {
        return new Chain(name, List.of(rules));
    }

    /**
     * Makes a built-in chain whose rules come before those of others.
     *
     * @param hook which
     * @param rules its rules in order
     * @return the chain
     */
    public static Chain first(Hook hook, Rule... rules) {
        return new Chain(hook.name(), Placement.FIRST, List.of(rules));
    }

    /** {@return whether the chain is one of the kernel's} */
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

    /** By hand, because a pattern takes longer than all the rest of a rule: each jump asks. */
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
