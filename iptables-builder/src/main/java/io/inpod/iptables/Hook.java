package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/** A point on a packet's path at which the kernel applies rules; also the name of the built-in chain there. */
public enum Hook {
    /** A packet that has just arrived, before routing. */
    PREROUTING,
    /** A packet for a socket of this namespace. */
    INPUT,
    /** A packet on its way from one interface to another. */
    FORWARD,
    /** A packet sent by a socket of this namespace. */
    OUTPUT,
    /** A packet about to leave, after routing. */
    POSTROUTING;

    /**
     * Returns whether a chain is built in.
     *
     * @param chain the name of a chain
     * @return whether it is the name of a hook
     */
    public static boolean isName(String chain) {
        return of(chain) != null;
    }

    /** Returns the hook of a built-in chain, or null for any other chain. */
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
