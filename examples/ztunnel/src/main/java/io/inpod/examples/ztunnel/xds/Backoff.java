package io.inpod.examples.ztunnel.xds;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * How long to wait before the next attempt. A proxy that starts, and so serves nobody yet, waits 10 ms, then twice as long each time, up
 * to 15 s. One that has lost a server that it had waits for a random part of some seconds first, since thousands of proxies have lost it
 * at the same moment, and its mesh stays in force meanwhile; then twice as long each time, too. All but that first time are shortened at
 * random, by half at most. For one thread.
 */
final class Backoff {
    private static final Duration FIRST = Duration.ofMillis(10);
    private static final Duration LAST = Duration.ofSeconds(15);

    private final Duration lost;
    private final RandomGenerator random;
    private Duration window = FIRST;
    private boolean isLost;

    /**
     * Creates one for a proxy that starts.
     *
     * @param lost within what time proxies come back that have lost their server
     */
    Backoff(Duration lost) {
        this(lost, new SplittableRandom());
    }

    Backoff(Duration lost, RandomGenerator random) {
        this.lost = lost;
        this.random = random;
    }

    /** Begins again: the server answers, so others have lost it too if it ends the stream. */
    void reset() {
        window = lost;
        isLost = true;
    }

    /** {@return how long to wait now} */
    Duration next() {
        double part = isLost ? random.nextDouble() : 0.5 + random.nextDouble() / 2;
        Duration now = Duration.ofNanos((long) (window.toNanos() * part));
        window = window.compareTo(LAST.dividedBy(2)) > 0 ? LAST : window.multipliedBy(2);
        isLost = false;
        return now;
    }
}
