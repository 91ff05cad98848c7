package io.inpod.hbone;

import java.time.Duration;
import java.util.Objects;

/**
 * Sizes, times and TLS, the same for clients and servers where nothing else is said.
 *
 * @param windows flow control
 * @param limits what a peer may cost
 * @param times how long each step may last
 * @param tls what TLS may negotiate
 */
public record HboneOptions(HboneWindows windows, HboneLimits limits, HboneTimes times, HboneTls tls) {
    /**
     * Checks that nothing is missing.
     *
     * @param windows flow control
     * @param limits what a peer may cost
     * @param times how long each step may last
     * @param tls what TLS may negotiate
     */
    public HboneOptions {
        Objects.requireNonNull(windows);
        Objects.requireNonNull(limits);
        Objects.requireNonNull(times);
        Objects.requireNonNull(tls);
    }

    /**
     * What a client starts with.
     *
     * @return the defaults of {@link HbonePool} and {@link HboneClient}
     */
    public static HboneOptions client() {
        return new HboneOptions(HboneWindows.DEFAULT, HboneLimits.client(), HboneTimes.client(), HboneTls.DEFAULT);
    }

    /**
     * What a server starts with.
     *
     * @return the defaults of {@link HboneServer}
     */
    public static HboneOptions server() {
        return new HboneOptions(HboneWindows.DEFAULT, HboneLimits.server(), HboneTimes.server(), HboneTls.DEFAULT);
    }

    /**
     * Other flow control.
     *
     * @param other windows
     * @return changed options
     */
    public HboneOptions with(HboneWindows other) {
        return new HboneOptions(other, limits, times, tls);
    }

    /**
     * Other limits.
     *
     * @param other limits
     * @return changed options
     */
    public HboneOptions with(HboneLimits other) {
        return new HboneOptions(windows, other, times, tls);
    }

    /**
     * Other times.
     *
     * @param other times
     * @return changed options
     */
    public HboneOptions with(HboneTimes other) {
        return new HboneOptions(windows, limits, other, tls);
    }

    /**
     * Other TLS.
     *
     * @param other settings
     * @return changed options
     */
    public HboneOptions with(HboneTls other) {
        return new HboneOptions(windows, limits, times, other);
    }

    /**
     * Other flow-control windows.
     *
     * @param stream bytes per tunnel
     * @param connection bytes per connection
     * @return changed options
     */
    public HboneOptions withWindows(int stream, int connection) {
        return with(new HboneWindows(stream, connection, windows.maxFrame()));
    }

    /**
     * Another limit for the peer's frames.
     *
     * @param bytes 16,384 to 2^24-1
     * @return changed options
     */
    public HboneOptions withMaxFrameSize(int bytes) {
        return with(new HboneWindows(windows.stream(), windows.connection(), bytes));
    }

    /**
     * Another number of tunnels per connection.
     *
     * @param streams at least 1
     * @return changed options
     */
    public HboneOptions withMaxConcurrentStreams(int streams) {
        return with(limits.withMaxConcurrentStreams(streams));
    }

    /**
     * Other bounds for the steps of a new connection or tunnel.
     *
     * @param handshake of the TLS handshake
     * @param settings of the wait for the peer's SETTINGS
     * @param answer of the wait for the answer to CONNECT
     * @return changed options
     */
    public HboneOptions withTimeouts(Duration handshake, Duration settings, Duration answer) {
        return with(times.withHandshake(handshake, settings).withAnswer(answer));
    }

    /**
     * Other times for the life of a connection.
     *
     * @param interval time between PINGs
     * @param timeout for their answers
     * @param idle after which an unused connection is closed
     * @return changed options
     */
    public HboneOptions withKeepAlive(Duration interval, Duration timeout, Duration idle) {
        return with(times.withPing(interval, timeout).withIdle(idle));
    }

    static void range(String name, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(name + " must be " + min + " to " + max + ": " + value);
        }
    }
}
