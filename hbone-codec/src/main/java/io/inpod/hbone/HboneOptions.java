package io.inpod.hbone;

import java.time.Duration;

/**
 * Sizes and times, the same for clients and servers where nothing else is said.
 *
 * @param streamWindow bytes that a peer may send on a tunnel that isn't read; 65,535 to 2^31-1
 * @param connectionWindow the same for all tunnels of a connection together; at least {@code streamWindow}
 * @param maxFrameSize largest frame accepted, bytes; 16,384 to 2^24-1
 * @param maxConcurrentStreams server: tunnels per connection; client: tunnels that the pool puts on one connection
 * @param maxHeaderListSize largest header list accepted, bytes as RFC 9113 section 6.5.2 counts them
 * @param handshakeTimeout bound of the TLS handshake
 * @param settingsTimeout bound from there to the peer's SETTINGS (and, on a server, the client's preface)
 * @param answerTimeout client: bound of the wait for the answer to CONNECT
 * @param pingInterval time between PINGs
 * @param pingTimeout how long a PING may stay unanswered before the connection counts as lost
 * @param idleTimeout client: a connection without tunnels is closed after this time, give or take {@code pingInterval}
 */
public record HboneOptions(
        int streamWindow,
        int connectionWindow,
        int maxFrameSize,
        int maxConcurrentStreams,
        int maxHeaderListSize,
        Duration handshakeTimeout,
        Duration settingsTimeout,
        Duration answerTimeout,
        Duration pingInterval,
        Duration pingTimeout,
        Duration idleTimeout) {

    /**
     * Checks the ranges.
     *
     * @param streamWindow bytes that a peer may send on a tunnel that isn't read; 65,535 to 2^31-1
     * @param connectionWindow the same for all tunnels of a connection together; at least {@code streamWindow}
     * @param maxFrameSize largest frame accepted, bytes; 16,384 to 2^24-1
     * @param maxConcurrentStreams server: tunnels per connection; client: tunnels that the pool puts on one connection
     * @param maxHeaderListSize largest header list accepted, bytes as RFC 9113 section 6.5.2 counts them
     * @param handshakeTimeout bound of the TLS handshake
     * @param settingsTimeout bound from there to the peer's SETTINGS (and, on a server, the client's preface)
     * @param answerTimeout client: bound of the wait for the answer to CONNECT
     * @param pingInterval time between PINGs
     * @param pingTimeout how long a PING may stay unanswered before the connection counts as lost
     * @param idleTimeout client: a connection without tunnels is closed after this time, give or take {@code pingInterval}
     * @throws IllegalArgumentException if a value is out of its range
     */
    public HboneOptions {
        range("streamWindow", streamWindow, 65_535, Integer.MAX_VALUE);
        range("connectionWindow", connectionWindow, streamWindow, Integer.MAX_VALUE);
        range("maxFrameSize", maxFrameSize, 16_384, 0xff_ffff);
        range("maxConcurrentStreams", maxConcurrentStreams, 1, 1_000_000);
        range("maxHeaderListSize", maxHeaderListSize, 1024, 1 << 20);
        for (Duration d : new Duration[] {handshakeTimeout, settingsTimeout, answerTimeout, pingInterval, pingTimeout, idleTimeout}) {
            if (d.isNegative() || d.isZero() || d.compareTo(Duration.ofDays(1)) > 0) {
                throw new IllegalArgumentException("a time must be positive and at most a day: " + d);
            }
        }
    }

    /**
     * What a client starts with: windows of 4 and 16 MiB, frames of 1 MiB, 100 tunnels per connection, 16 KiB of headers.
     *
     * @return the defaults of {@link HbonePool}
     */
    public static HboneOptions client() {
        return defaults(100, 16 << 10);
    }

    /**
     * What a server starts with: windows of 4 and 16 MiB, frames of 1 MiB, 200 tunnels per connection, 64 KiB of headers.
     *
     * @return the defaults of {@link HboneServer}
     */
    public static HboneOptions server() {
        return defaults(200, 64 << 10);
    }

    private static HboneOptions defaults(int streams, int headers) {
        Duration ten = Duration.ofSeconds(10);
        return new HboneOptions(4 << 20, 16 << 20, 1 << 20, streams, headers, ten, ten, Duration.ofSeconds(30), ten, Duration.ofSeconds(20),
                Duration.ofMinutes(5));
    }

    /**
     * Other flow-control windows.
     *
     * @param stream bytes per tunnel
     * @param connection bytes per connection; several times {@code stream}, so that one unread tunnel can't stop the others
     * @return changed options
     */
    public HboneOptions withWindows(int stream, int connection) {
        return new HboneOptions(stream, connection, maxFrameSize, maxConcurrentStreams, maxHeaderListSize, handshakeTimeout, settingsTimeout,
                answerTimeout, pingInterval, pingTimeout, idleTimeout);
    }

    /**
     * Another limit for the peer's frames.
     *
     * @param bytes 16,384 to 2^24-1
     * @return changed options
     */
    public HboneOptions withMaxFrameSize(int bytes) {
        return new HboneOptions(streamWindow, connectionWindow, bytes, maxConcurrentStreams, maxHeaderListSize, handshakeTimeout, settingsTimeout,
                answerTimeout, pingInterval, pingTimeout, idleTimeout);
    }

    /**
     * Another number of tunnels per connection.
     *
     * @param streams at least 1
     * @return changed options
     */
    public HboneOptions withMaxConcurrentStreams(int streams) {
        return new HboneOptions(streamWindow, connectionWindow, maxFrameSize, streams, maxHeaderListSize, handshakeTimeout, settingsTimeout,
                answerTimeout, pingInterval, pingTimeout, idleTimeout);
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
        return new HboneOptions(streamWindow, connectionWindow, maxFrameSize, maxConcurrentStreams, maxHeaderListSize, handshake, settings,
                answer, pingInterval, pingTimeout, idleTimeout);
    }

    /**
     * Other times for the life of a connection.
     *
     * @param interval time between PINGs
     * @param timeout for their answers
     * @param idle after which a client closes an unused connection
     * @return changed options
     */
    public HboneOptions withKeepAlive(Duration interval, Duration timeout, Duration idle) {
        return new HboneOptions(streamWindow, connectionWindow, maxFrameSize, maxConcurrentStreams, maxHeaderListSize, handshakeTimeout,
                settingsTimeout, answerTimeout, interval, timeout, idle);
    }

    private static void range(String name, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(name + " must be " + min + " to " + max + ": " + value);
        }
    }
}
