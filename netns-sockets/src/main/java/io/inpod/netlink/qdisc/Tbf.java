package io.inpod.netlink.qdisc;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Limits the rate with a token bucket, see tc-tbf(8).
 *
 * @param rate the rate, in bytes per second, at least 1
 * @param burst how many bytes may be sent at once after a pause, 1 to 2³²-1, and no more than the rate allows in 4 seconds; must exceed the
 *     interface's largest packet, or the kernel would drop that
 * @param limit how many bytes may wait, 1 to 2³²-1; what exceeds it is dropped
 */
public record Tbf(long rate, long burst, long limit) implements Qdisc {
    private static final long MOST = 0xffffffffL;
    private static final long MOST_BURST_NANOS = MOST;
    private static final int BITS = Byte.SIZE;

    /**
     * Checks the values.
     *
     * @param rate see {@link Tbf}
     * @param burst see {@link Tbf}
     * @param limit see {@link Tbf}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public Tbf {
        if (rate < 1) {
            throw new IllegalArgumentException("rate is at least 1 byte per second, not " + rate);
        }
        if (burst < 1 || burst > MOST || nanos(burst, rate) > MOST_BURST_NANOS) {
            throw new IllegalArgumentException("burst is 1 to " + Math.min(MOST, (long) (rate * (double) MOST_BURST_NANOS / 1e9))
                    + " bytes at this rate, not " + burst);
        }
        if (limit < 1 || limit > MOST) {
            throw new IllegalArgumentException("limit is 1 to " + MOST + " bytes, not " + limit);
        }
    }

    /**
     * Returns a limit from what is usually known about it.
     *
     * @param bitsPerSecond the rate, in bits per second, at least 8
     * @param burst see {@link Tbf}
     * @param latency how long a packet may wait; what would wait longer is dropped
     * @return the limit
     * @throws IllegalArgumentException if a value, or the number of bytes that wait so long, is out of range
     */
    public static Tbf of(long bitsPerSecond, long burst, Duration latency) {
        long rate = bitsPerSecond / BITS;
        double waiting = rate * (latency.toNanos() / (double) TimeUnit.SECONDS.toNanos(1));
        if (latency.isNegative() || waiting > MOST) {
            throw new IllegalArgumentException("latency is 0 to " + MOST / Math.max(1, rate) + " s at this rate, not " + latency);
        }
        return new Tbf(rate, burst, (long) waiting + burst);
    }

    /** How long sending some bytes takes, in nanoseconds. */
    static long nanos(long bytes, long rate) {
        return (long) (bytes * (double) TimeUnit.SECONDS.toNanos(1) / rate);
    }

    @Override
    public String kind() {
        return "tbf";
    }
}
