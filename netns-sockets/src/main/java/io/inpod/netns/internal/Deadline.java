package io.inpod.netns.internal;

import java.time.Duration;

/** When waiting ends, for waits that go on in several system calls. */
public final class Deadline {
    /** As good as never, and far from what {@link System#nanoTime} would overflow with. */
    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE / 2);

    private final Duration timeout;
    private final long end;

    private Deadline(Duration timeout) {
        this.timeout = timeout;
        this.end = System.nanoTime() + (timeout.compareTo(LONGEST) > 0 ? LONGEST : timeout).toNanos();
    }

    /** From now on; a zero timeout never ends, a negative one has ended. */
    public static Deadline in(Duration timeout) {
        return new Deadline(timeout.isNegative() ? Duration.ofNanos(-1) : timeout);
    }

    /** What is left for poll(2), in milliseconds, rounded up; 0 once it has ended, -1 if it never does. */
    int millis() {
        return timeout.isZero() ? -1 : (int) Math.max(0, Math.min(Integer.MAX_VALUE, (end - System.nanoTime() + 999_999) / 1_000_000));
    }

    /** What it was made with. */
    Duration timeout() {
        return timeout;
    }
}
