package io.inpod.iptables;

import java.util.Set;

/**
 * A condition on TCP flags, {@code --tcp-flags}: of those examined, exactly the set ones must be on.
 *
 * @param examined the flags that count, at least one
 * @param set which of them must be on; the others must be off
 * @param negated whether the condition must not hold
 */
public record TcpFlags(Set<TcpFlag> examined, Set<TcpFlag> set, boolean negated) {
    /**
     * Checks that what must be on is looked at.
     *
     * @param examined the flags that count, at least one
     * @param set which of them must be on; the others must be off
     * @param negated whether the condition must not hold
     * @throws IllegalArgumentException if a flag must be on that isn't examined, or none is examined
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
