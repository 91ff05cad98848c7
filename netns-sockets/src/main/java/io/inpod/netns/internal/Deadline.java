package io.inpod.netns.internal;

import java.time.Duration;

/** The end of a wait that takes several system calls. */
public final class Deadline {
    /** Practically never, and too short to overflow {@link System#nanoTime}. */
    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE / 2);

    private final Duration timeout;
    private final long end;

    private Deadline(Duration timeout) {
        this.timeout = timeout;
        this.end = System.nanoTime() + (timeout.compareTo(LONGEST) > 0 ? LONGEST : timeout).toNanos();
    }

    /** Starts now. A zero timeout never ends, a negative one has already ended. */
    public static Deadline in(Duration timeout) {
        return new Deadline(timeout.isNegative() ? Duration.ofNanos(-1) : timeout);
    }

    /** The remaining time for poll(2), in milliseconds, rounded up; 0 once it has ended, -1 if it never ends. */
    int millis() {
        return timeout.isZero() ? -1 : (int) Math.max(0, Math.min(Integer.MAX_VALUE, (end - System.nanoTime() + 999_999) / 1_000_000));
    }

    /** The timeout that it was created with. */
    Duration timeout() {
        return timeout;
    }
}
