package io.inpod.iptables;

import java.util.Set;

/**
 * A condition on TCP flags, {@code --tcp-flags}: of the examined flags, exactly those in {@code set} must be on.
 *
 * @param examined the examined flags, at least one
 * @param set the flags that must be on; the other examined flags must be off
 * @param negated whether the condition must not hold
 */
public record TcpFlags(Set<TcpFlag> examined, Set<TcpFlag> set, boolean negated) {
    /**
     * Checks that every flag that must be on is examined.
     *
     * @param examined the examined flags
     * @param set the flags that must be on
     * @param negated whether the condition must not hold
     * @throws IllegalArgumentException if a flag must be on that is not examined, or none is examined
     */
    public TcpFlags {
        examined = Set.copyOf(examined);
        set = Set.copyOf(set);
        if (examined.isEmpty() || !examined.containsAll(set)) {
            throw new IllegalArgumentException("tcp flags " + set + " must be among those examined, " + examined + ", at least one");
        }
    }

    /** {@return the first packet of a connection, {@code --syn}: SYN on, and FIN, RST and ACK off} */
    public static TcpFlags syn() {
        return new TcpFlags(Set.of(TcpFlag.FIN, TcpFlag.SYN, TcpFlag.RST, TcpFlag.ACK), Set.of(TcpFlag.SYN), false);
    }
}
