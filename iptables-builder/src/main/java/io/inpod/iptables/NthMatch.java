package io.inpod.iptables;

import org.jspecify.annotations.Nullable;

/**
 * One packet of several in turn, {@code -m statistic --mode nth} of iptables-extensions(8), {@code numgen inc} of nft(8). Each rule
 * counts the packets that have met the conditions before this one, from the time at which it is loaded; loading it again begins a new
 * count. A rule for both families has one count for each in the tables of iptables, and one for both in {@code inet} tables. Modules:
 * xt_statistic, in {@code inet} tables nft_numgen.
 *
 * @param every the number of packets in a turn, 2 to 4294967295
 * @param packet which of them matches, 0 to {@code every} - 1; 0 is the first
 * @param negated whether the others match
 */
public record NthMatch(long every, long packet, boolean negated) implements Match {
    private static final long MOST = 0xffff_ffffL;

    /**
     * Checks the numbers.
     *
     * @param every the number of packets in a turn
     * @param packet which of them matches
     * @param negated whether the others match
     * @throws IllegalArgumentException if a number is out of range
     */
    public NthMatch {
        if (every < 2 || every > MOST) {
            throw new IllegalArgumentException("every " + every + " is not 2 to " + MOST);
        }
        if (packet < 0 || packet >= every) {
            throw new IllegalArgumentException("packet " + packet + " is not 0 to " + (every - 1) + ", with every " + every);
        }
    }

    @Override
    public boolean isCounting() {
        return true;
    }

    @Override
    public Match not() {
        return new NthMatch(every, packet, !negated);
    }

    @Override
    public <R extends @Nullable Object> R accept(MatchVisitor<R> visitor) {
        return visitor.visit(this);
    }
}
