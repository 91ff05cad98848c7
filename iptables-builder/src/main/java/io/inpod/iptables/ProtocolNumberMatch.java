package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * A transport protocol without a constant in {@link Protocol}, by its number, {@code -p}; see protocols(5).
 *
 * @param number 1 to 255, see IANA's "Protocol Numbers"; not one that {@link Protocol} has
 * @param negated whether it must be another protocol
 */
public record ProtocolNumberMatch(int number, boolean negated) implements BasicMatch {
    /**
     * Checks the number.
     *
     * @param number the number
     * @param negated whether it must be another protocol
     * @throws IllegalArgumentException if it is out of range, or {@link Protocol} has this protocol
     */
    public ProtocolNumberMatch {
        if (number < 1 || number > 255) {
            throw new IllegalArgumentException("protocol number " + number + " is not 1 to 255"
                    + (number == 0 ? ": 0 stands for every protocol; leave the condition out" : ""));
        }
        for (Protocol known : Protocol.values()) {
            if (known.number() == number) {
                throw new IllegalArgumentException("protocol number " + number + " is Protocol." + known + ": use ProtocolNumberMatch.of");
            }
        }
    }

    /**
     * Returns the condition on a protocol with a number.
     *
     * @param number 1 to 255
     * @param negated whether it must be another protocol
     * @return the condition; a {@link ProtocolMatch} if {@link Protocol} has this protocol
     * @throws IllegalArgumentException if it is out of range
     */
    public static Match of(int number, boolean negated) {
        for (Protocol known : Protocol.values()) {
            if (known.number() == number) {
                return new ProtocolMatch(known, negated);
            }
        }
        return new ProtocolNumberMatch(number, negated);
    }

    @Override
    public Match not() {
        return new ProtocolNumberMatch(number, !negated);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
