package io.inpod.examples.nodeagent.install;

import java.time.Duration;

/**
 * How long to wait after a repair, so that two programs that rewrite the same file don't keep each other busy. The pauses stay short: as
 * long as the entry is missing, new pods start before they are enrolled.
 */
final class Repairs {
    private static final int AT_ONCE = 5;
    private static final Duration LONGEST = Duration.ofSeconds(16);
    private static final Duration FORGOTTEN = Duration.ofMinutes(5);

    private int count;
    private long last;

    /** Notes a repair, and returns how long to wait before the next one. */
    Duration repaired(long nanoTime) {
        if (count > 0 && nanoTime - last > FORGOTTEN.toNanos()) {
            count = 0;
        }
        last = nanoTime;
        count++;
        if (count <= AT_ONCE) {
            return Duration.ZERO;
        }
        Duration pause = Duration.ofSeconds(1L << Math.min(10, count - AT_ONCE - 1));
        return pause.compareTo(LONGEST) < 0 ? pause : LONGEST;
    }
}
