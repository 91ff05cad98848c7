package io.inpod.netlink.qdisc;

import java.time.Duration;

/**
 * Delays, loses and damages packets, as a bad network does, see tc-netem(8). The kernel needs CONFIG_NET_SCH_NETEM. Begins with
 * {@link #NONE}; the methods return copies.
 *
 * <pre>{@code
 * qdiscs.replace("eth0", Netem.NONE.withDelay(Duration.ofMillis(80), Duration.ofMillis(10)).withLoss(0.5));
 * }</pre>
 *
 * @param delay how long each packet waits, 0 to 274 s
 * @param jitter by how much that varies at random, 0 to 274 s; both in units of 64 ns, the rest is cut off
 * @param loss how many packets are lost, 0 to 100 %
 * @param duplicate how many are sent twice, 0 to 100 %
 * @param corrupt how many have one bit changed, 0 to 100 %
 * @param reorder how many are sent at once instead of being delayed, 0 to 100 %; needs a delay
 * @param rate the rate of the link, in bytes per second; 0 for no limit
 * @param limit how many packets may wait, 1 to 2³²-1; what exceeds it is dropped
 */
public record Netem(
        Duration delay, Duration jitter, double loss, double duplicate, double corrupt, double reorder, long rate, long limit)
        implements
            Qdisc {
    private static final long MOST = 0xffffffffL;
    /** The kernel's unit of time is 64 ns, its numbers have 32 bits. */
    private static final Duration LONGEST = Duration.ofSeconds(274);

    private static final int PERCENT = 100;

    /** Nothing happens to packets; at most 1000 wait, as tc-netem(8) has it. */
    public static final Netem NONE = new Netem(Duration.ZERO, Duration.ZERO, 0, 0, 0, 0, 0, 1000);

    /**
     * Checks the values.
     *
     * @param delay see {@link Netem}
     * @param jitter see {@link Netem}
     * @param loss see {@link Netem}
     * @param duplicate see {@link Netem}
     * @param corrupt see {@link Netem}
     * @param reorder see {@link Netem}
     * @param rate see {@link Netem}
     * @param limit see {@link Netem}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public Netem {
        time("delay", delay);
        time("jitter", jitter);
        percent("loss", loss);
        percent("duplicate", duplicate);
        percent("corrupt", corrupt);
        percent("reorder", reorder);
        if (reorder > 0 && delay.isZero()) {
            throw new IllegalArgumentException("reorder " + reorder + " % needs a delay: without one, all packets are sent at once");
        }
        if (rate < 0) {
            throw new IllegalArgumentException("rate is at least 0 bytes per second, not " + rate);
        }
        if (limit < 1 || limit > MOST) {
            throw new IllegalArgumentException("limit is 1 to " + MOST + " packets, not " + limit);
        }
    }

    private static void time(String name, Duration value) {
        if (value.isNegative() || value.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(name + " is 0 to " + LONGEST.toSeconds() + " s, not " + value);
        }
    }

    private static void percent(String name, double value) {
        if (!(value >= 0 && value <= PERCENT)) {
            throw new IllegalArgumentException(name + " is 0 to 100 %, not " + value);
        }
    }

    /**
     * Sets the delay.
     *
     * @param mean how long each packet waits, 0 to 274 s
     * @param variation by how much that varies at random, 0 to 274 s
     * @return a copy with it
     * @throws IllegalArgumentException if a value is out of range
     */
    public Netem withDelay(Duration mean, Duration variation) {
        return new Netem(mean, variation, loss, duplicate, corrupt, reorder, rate, limit);
    }

    /**
     * Sets the loss.
     *
     * @param percent how many packets are lost, 0 to 100
     * @return a copy with it
     * @throws IllegalArgumentException if it is out of range
     */
    public Netem withLoss(double percent) {
        return new Netem(delay, jitter, percent, duplicate, corrupt, reorder, rate, limit);
    }

    /**
     * Sets how many packets are sent twice.
     *
     * @param percent 0 to 100
     * @return a copy with it
     * @throws IllegalArgumentException if it is out of range
     */
    public Netem withDuplicate(double percent) {
        return new Netem(delay, jitter, loss, percent, corrupt, reorder, rate, limit);
    }

    /**
     * Sets how many packets are damaged.
     *
     * @param percent 0 to 100
     * @return a copy with it
     * @throws IllegalArgumentException if it is out of range
     */
    public Netem withCorrupt(double percent) {
        return new Netem(delay, jitter, loss, duplicate, percent, reorder, rate, limit);
    }

    /**
     * Sets how many packets overtake others.
     *
     * @param percent 0 to 100
     * @return a copy with it
     * @throws IllegalArgumentException if it is out of range, or there is no delay
     */
    public Netem withReorder(double percent) {
        return new Netem(delay, jitter, loss, duplicate, corrupt, percent, rate, limit);
    }

    /**
     * Sets the rate of the link.
     *
     * @param bytesPerSecond the rate; 0 for no limit
     * @return a copy with it
     * @throws IllegalArgumentException if it is negative
     */
    public Netem withRate(long bytesPerSecond) {
        return new Netem(delay, jitter, loss, duplicate, corrupt, reorder, bytesPerSecond, limit);
    }

    /**
     * Sets how many packets may wait.
     *
     * @param packets 1 to 2³²-1
     * @return a copy with it
     * @throws IllegalArgumentException if it is out of range
     */
    public Netem withLimit(long packets) {
        return new Netem(delay, jitter, loss, duplicate, corrupt, reorder, rate, packets);
    }

    @Override
    public String kind() {
        return "netem";
    }
}
