package io.inpod.examples.ztunnel.xds;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How long to wait before the next attempt: 10 ms at first, then twice as long each time, up to 15 s, each ±20 %, so that proxies that have
 * lost their server together don't come back together. For one thread.
 */
final class Backoff {
    private static final Duration FIRST = Duration.ofMillis(10);
    private static final Duration LAST = Duration.ofSeconds(15);

    private Duration next = FIRST;

    /** Begins again: the last attempt was of use. */
    void reset() {
        next = FIRST;
    }

    /** {@return how long to wait now} */
    Duration next() {
        Duration now = next;
        next = now.compareTo(LAST.dividedBy(2)) > 0 ? LAST : now.multipliedBy(2);
        return Duration.ofNanos((long) (now.toNanos() * (0.8 + 0.4 * ThreadLocalRandom.current().nextDouble())));
    }
}
