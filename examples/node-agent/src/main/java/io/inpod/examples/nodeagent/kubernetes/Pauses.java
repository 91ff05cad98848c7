package io.inpod.examples.nodeagent.kubernetes;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** The pauses between attempts to reach the API server: each is up to twice as long as the one before. For one thread. */
final class Pauses {
    private final Duration first;
    private final Duration longest;
    private Duration last = Duration.ZERO;

    Pauses(Duration first, Duration longest) {
        this.first = first;
        this.longest = longest;
    }

    /** After a success. */
    void reset() {
        last = Duration.ZERO;
    }

    boolean failed() {
        return !last.isZero();
    }

    /**
     * Returns how long to wait now: at random between half and the whole, so that the agents of all nodes don't come at once.
     *
     * @param failure why the attempt failed
     */
    Duration next(Exception failure) {
        Duration twice = last.isZero() ? first : last.multipliedBy(2);
        last = twice.compareTo(longest) < 0 ? twice : longest;
        Duration random = last.multipliedBy(ThreadLocalRandom.current().nextInt(50, 101)).dividedBy(100);
        Duration asked = failure instanceof ApiException answer ? answer.retryAfter() : Duration.ZERO;
        return random.compareTo(asked) > 0 ? random : asked;
    }
}
