package io.inpod.iptables;

import java.util.EnumSet;
import java.util.Set;

/**
 * A condition on TCP flags, {@code --tcp-flags}: of the examined flags, exactly those in {@code set} must be on. That a single flag is off
 * is stored as the opposite of its being on.
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
        if (examined.size() == 1 && set.isEmpty()) {
            set = examined;
            negated = !negated;
        }
    }

    /**
     * Returns flags as bits of the header.
     *
     * @param flags the flags
     * @return the sum of their {@link TcpFlag#bit}s
     */
    public static int bits(Set<TcpFlag> flags) {
        int bits = 0;
        for (TcpFlag flag : flags) {
            bits |= flag.bit();
        }
        return bits;
    }

    /**
     * Returns the flags that are on in bits of the header.
     *
     * @param bits a sum of {@link TcpFlag#bit}s
     * @return the flags
     * @throws IllegalArgumentException if another bit is on
     */
    public static Set<TcpFlag> of(int bits) {
        Set<TcpFlag> flags = EnumSet.noneOf(TcpFlag.class);
        for (TcpFlag flag : TcpFlag.values()) {
            if ((bits & flag.bit()) != 0) {
                flags.add(flag);
            }
        }
        if (bits(flags) != bits) {
            throw new IllegalArgumentException("TCP flags 0x" + Integer.toHexString(bits) + " have bits without a name");
        }
        return flags;
    }

    /** {@return the first packet of a connection, {@code --syn}: SYN on, and FIN, RST and ACK off} */
    public static TcpFlags syn() {
        return new TcpFlags(Set.of(TcpFlag.FIN, TcpFlag.SYN, TcpFlag.RST, TcpFlag.ACK), Set.of(TcpFlag.SYN), false);
    }
}
