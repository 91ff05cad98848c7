package io.inpod.examples.ztunnel.explain;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongUnaryOperator;

/**
 * Takes the place of chance: goes through what it may choose, one decision after the other, in the order of the candidates. Where the
 * candidates of the last choice have weights, the caller says how far the one reaches that was chosen. Not thread-safe.
 */
final class Chances implements LongUnaryOperator {
    /** How many candidates of an earlier choice are tried, at equal distances. */
    private static final int MOST_EARLIER = 16;

    private final List<Long> values = new ArrayList<>();
    private final List<Long> bounds = new ArrayList<>();
    private int asked;

    @Override
    public long applyAsLong(long bound) {
        if (asked == values.size()) {
            values.add(0L);
            bounds.add(bound);
        }
        bounds.set(asked, bound);
        return Math.min(values.get(asked++), bound - 1);
    }

    /**
     * Goes on to the next decision.
     *
     * @param weight the weight of the candidate that the last choice has chosen, at least 1
     * @return false if there is none
     */
    boolean advance(long weight) {
        int last = asked - 1;
        asked = 0;
        for (int i = last; i >= 0; i--) {
            long step = i == last ? Math.max(1, weight) : Math.max(1, bounds.get(i) / MOST_EARLIER);
            if (values.get(i) < bounds.get(i) - step) {
                values.set(i, values.get(i) + step);
                values.subList(i + 1, values.size()).clear();
                bounds.subList(i + 1, bounds.size()).clear();
                return true;
            }
        }
        return false;
    }
}
