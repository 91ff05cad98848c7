package io.inpod.hbone;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Sizes, times and TLS. They mean the same to clients and servers unless stated otherwise.
 *
 * @param windows flow control
 * @param limits bounds on the cost of a peer
 * @param times how long each step may last
 * @param tls the settings of TLS
 * @param memory bounds unread bytes over all connections
 * @param headers returns what is kept of a peer's headers, whose names are in lower case; called on event loops. A tunnel keeps them as
 *     long as it lives, on the heap, up to {@link HboneLimits#maxHeaderListSize()} bytes if all are kept, and {@code memory} doesn't count
 *     them
 */
public record HboneOptions(HboneWindows windows, HboneLimits limits, HboneTimes times, HboneTls tls, HboneMemory memory,
        UnaryOperator<List<Header>> headers) {
    /**
     * Checks that nothing is missing.
     *
     * @param windows see {@link #windows()}
     * @param limits see {@link #limits()}
     * @param times see {@link #times()}
     * @param tls see {@link #tls()}
     * @param memory see {@link #memory()}
     * @param headers see {@link #headers()}
     */
    public HboneOptions {
        Objects.requireNonNull(windows, "windows");
        Objects.requireNonNull(limits, "limits");
        Objects.requireNonNull(times, "times");
        Objects.requireNonNull(tls, "tls");
        Objects.requireNonNull(memory, "memory");
        Objects.requireNonNull(headers, "headers");
    }

    /** {@return the defaults of clients} */
    public static HboneOptions client() {
        return new HboneOptions(HboneWindows.DEFAULT, HboneLimits.client(), HboneTimes.client(), HboneTls.DEFAULT, HboneMemory.UNBOUNDED,
                UnaryOperator.identity());
    }

    /** {@return the defaults of servers} */
    public static HboneOptions server() {
        return new HboneOptions(HboneWindows.DEFAULT, HboneLimits.server(), HboneTimes.server(), HboneTls.DEFAULT, HboneMemory.UNBOUNDED,
                UnaryOperator.identity());
    }

    /**
     * {@return these options with other windows}
     *
     * @param other the windows
     */
    public HboneOptions with(HboneWindows other) {
        return new HboneOptions(other, limits, times, tls, memory, headers);
    }

    /**
     * {@return these options with other limits}
     *
     * @param other the limits
     */
    public HboneOptions with(HboneLimits other) {
        return new HboneOptions(windows, other, times, tls, memory, headers);
    }

    /**
     * {@return these options with other times}
     *
     * @param other the times
     */
    public HboneOptions with(HboneTimes other) {
        return new HboneOptions(windows, limits, other, tls, memory, headers);
    }

    /**
     * {@return these options with other TLS settings}
     *
     * @param other the settings
     */
    public HboneOptions with(HboneTls other) {
        return new HboneOptions(windows, limits, times, other, memory, headers);
    }

    /**
     * {@return these options with another bound on unread bytes}
     *
     * @param other the bound
     */
    public HboneOptions with(HboneMemory other) {
        return new HboneOptions(windows, limits, times, tls, other, headers);
    }

    /**
     * {@return these options, with which other headers of a peer are kept; all are checked, whether or not they are kept}
     *
     * @param names whether those with a name are kept
     */
    public HboneOptions withHeaders(Predicate<String> names) {
        return withHeaderFilter(all -> {
            List<Header> kept = new ArrayList<>(0); // usually it stays empty; this runs for each request and answer
            for (Header header : all) {
                if (names.test(header.name())) {
                    kept.add(header);
                }
            }
            return kept;
        });
    }

    /**
     * {@return these options, with which other headers of a peer are kept; all are checked, whether or not they are kept}
     *
     * @param kept see {@link #headers()}
     */
    public HboneOptions withHeaderFilter(UnaryOperator<List<Header>> kept) {
        return new HboneOptions(windows, limits, times, tls, memory, kept);
    }

    /**
     * {@return these options with other flow-control windows}
     *
     * @param stream bytes per tunnel
     * @param connection bytes per connection
     */
    public HboneOptions withWindows(int stream, int connection) {
        return with(new HboneWindows(stream, connection, windows.maxFrame()));
    }

    /**
     * {@return these options with another limit on the peer's frames}
     *
     * @param bytes 16,384 to 2^24-1
     */
    public HboneOptions withMaxFrameSize(int bytes) {
        return with(new HboneWindows(windows.stream(), windows.connection(), bytes));
    }

    /**
     * {@return these options with another number of tunnels per connection}
     *
     * @param streams at least 1
     */
    public HboneOptions withMaxConcurrentStreams(int streams) {
        return with(limits.withMaxConcurrentStreams(streams));
    }

    /**
     * {@return these options with other time limits for the steps of a new connection or tunnel}
     *
     * @param handshake for the TLS handshake
     * @param settings for the peer's SETTINGS
     * @param answer for the answer to CONNECT
     */
    public HboneOptions withTimeouts(Duration handshake, Duration settings, Duration answer) {
        return with(times.withHandshake(handshake, settings).withAnswer(answer));
    }

    /**
     * {@return these options with other times for the life of a connection}
     *
     * @param interval between PINGs
     * @param timeout for their answers
     * @param idle after which an unused connection is closed
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
