package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * A chance: whether a packet matches is drawn anew for each, {@code -m statistic --mode random} of iptables-extensions(8), {@code numgen
 * random} of nft(8). The kernel draws a number of 31 bits, so the probability is stored as a multiple of 1/2147483648. Modules:
 * xt_statistic, in {@code inet} tables nft_numgen.
 *
 * @param probability the part of the packets that match, above 0 and below 1
 * @param negated whether the others match
 */
public record RandomMatch(double probability, boolean negated) implements Match {
    /** The number of equally likely draws, 2147483648. */
    public static final long DRAWS = 1L << 31;

    /**
     * Rounds the probability to what the kernel can draw.
     *
     * @param probability the part of the packets that match
     * @param negated whether the others match
     * @throws IllegalArgumentException if the probability is no number between 0 and 1, or would be rounded to one of these
     */
    public RandomMatch {
        long draws = Math.round(probability * DRAWS); // 0 if it is not a number
        if (draws < 1 || draws >= DRAWS) {
            throw new IllegalArgumentException("probability " + probability + " is not above 0 and below 1 in steps of 1/" + DRAWS);
        }
        probability = (double) draws / DRAWS;
    }

    /**
     * Returns the chance that a number drawn from some is below another.
     *
     * @param below the draws that match are 0 to one less than this, above 0 and below {@code of}
     * @param of the number of equally likely draws, 2 to 4294967295
     * @param negated whether the other draws match
     * @return the condition
     * @throws IllegalArgumentException if it is out of range, or no multiple of 1/2147483648
     */
    public static RandomMatch ofDraws(long below, long of, boolean negated) {
        if (of < 2 || of > 0xffff_ffffL || below < 1 || below >= of || below * DRAWS % of != 0) {
            throw new IllegalArgumentException("the chance " + below + " of " + of + " is not between 0 and 1 in steps of 1/" + DRAWS);
        }
        long draws = below * DRAWS / of;
        return new RandomMatch((double) draws / DRAWS, negated);
    }

    /** {@return the number of draws of {@link #DRAWS} that match} */
    public long draws() {
        return (long) (probability * DRAWS);
    }

    @Override
    public Match not() {
        return new RandomMatch(probability, !negated);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
