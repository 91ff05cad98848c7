package io.inpod.tproxy;

import java.time.Duration;

/**
 * How TCP finds out that a silent peer has vanished, see tcp(7).
 *
 * @param idle silence before the first probe (TCP_KEEPIDLE), 1 to 32767 seconds
 * @param interval time between probes (TCP_KEEPINTVL), 1 to 32767 seconds
 * @param count unanswered probes until the connection is given up (TCP_KEEPCNT), 1 to 127
 */
public record Keepalive(Duration idle, Duration interval, int count) {
    /** First probe after 180 seconds, then every 180 seconds; gone after 9. */
    public static final Keepalive DEFAULT = new Keepalive(Duration.ofSeconds(180), Duration.ofSeconds(180), 9);

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public Keepalive {
        checkSeconds("idle", idle);
        checkSeconds("interval", interval);
        if (count < 1 || count > 127) {
            throw new IllegalArgumentException("count must be 1 to 127, not " + count);
        }
    }

    private static void checkSeconds(String name, Duration value) {
        if (value.toSeconds() < 1 || value.toSeconds() > 32767 || value.toNanosPart() != 0) {
            throw new IllegalArgumentException(name + " must be 1 to 32767 whole seconds, not " + value);
        }
    }
}
