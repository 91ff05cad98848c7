package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/** Where the kernel looks at a packet; also the name of the built-in chain there. */
public enum Hook {
    /** A packet that has just arrived, before routing. */
    PREROUTING,
    /** A packet for a socket of this namespace. */
    INPUT,
    /** A packet on its way from one interface to another. */
    FORWARD,
    /** A packet that a socket of this namespace sent. */
    OUTPUT,
    /** A packet about to leave, after routing. */
    POSTROUTING;

    /**
     * Tells built-in chains from others.
     *
     * @param chain the name of a chain
     * @return whether it is that of a hook
     */
    public static boolean isName(String chain) {
        return of(chain) != null;
    }

    /** The hook that has a built-in chain, or null for any other chain. */
    static @Nullable Hook of(String chain) {
        return switch (chain) {
            case "PREROUTING" -> PREROUTING;
            case "INPUT" -> INPUT;
            case "FORWARD" -> FORWARD;
            case "OUTPUT" -> OUTPUT;
            case "POSTROUTING" -> POSTROUTING;
            default -> null;
        };
    }
}
