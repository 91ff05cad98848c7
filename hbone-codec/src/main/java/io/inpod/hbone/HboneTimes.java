package io.inpod.hbone;

import java.time.Duration;

/**
 * How long each step of a connection's life may last. Every wait has a limit; only an established tunnel has none.
 *
 * @param handshake limit of the TLS handshake
 * @param settings limit from there to the peer's SETTINGS (and, on a server, to the client's preface)
 * @param block how long a header block, or a frame that must be kept until it is complete, may stay incomplete
 * @param firstRequest server: limit from there to the first CONNECT request
 * @param answer limit of the answer to a CONNECT request: the client gives up, and a server answers 504 in its handler's place
 * @param queue client: how long a request may wait for a connection
 * @param pingInterval time between PINGs
 * @param pingTimeout how long a PING may stay unanswered before the connection counts as lost
 * @param silence client: how long nothing may arrive on a connection after it was sent a request or bytes. Then the client sends a PING; if
 *     nothing arrives for as long again, the connection takes no new tunnels until something arrives, and unanswered requests are sent
 *     again on another connection
 * @param idle a connection without tunnels is closed after this time, give or take {@code pingInterval}
 * @param maxAge an older connection takes no new tunnels and closes after its last one, so that rotated certificates take effect. The same
 *     happens when a certificate of either end expires
 */
public record HboneTimes(
        Duration handshake,
        Duration settings,
        Duration block,
        Duration firstRequest,
        Duration answer,
        Duration queue,
        Duration pingInterval,
        Duration pingTimeout,
        Duration silence,
        Duration idle,
        Duration maxAge) {
    /**
     * Checks the ranges.
     *
     * @param handshake see {@link #handshake()}
     * @param settings see {@link #settings()}
     * @param block see {@link #block()}
     * @param firstRequest see {@link #firstRequest()}
     * @param answer see {@link #answer()}
     * @param queue see {@link #queue()}
     * @param pingInterval see {@link #pingInterval()}
     * @param pingTimeout see {@link #pingTimeout()}
     * @param silence see {@link #silence()}
     * @param idle see {@link #idle()}
     * @param maxAge see {@link #maxAge()}
     * @throws IllegalArgumentException if a time isn't positive, or is more than a year
     */
    public HboneTimes {
        check("handshake", handshake);
        check("settings", settings);
        check("block", block);
        check("firstRequest", firstRequest);
        check("answer", answer);
        check("queue", queue);
        check("pingInterval", pingInterval);
        check("pingTimeout", pingTimeout);
        check("silence", silence);
        check("idle", idle);
        check("maxAge", maxAge);
    }

    private static void check(String name, Duration time) {
        if (time.isNegative() || time.isZero() || time.compareTo(Duration.ofDays(366)) > 0) {
            throw new IllegalArgumentException(name + " must be positive and at most a year (366 days): " + time);
        }
    }

    /**
     * Returns the defaults of clients: 10 s for each step of a new connection and for a header block, 30 s for an answer and in the
     * queue, a PING every 10 s with 20 s for its answer, 1 s of silence, 5 minutes of idleness, an hour of age.
     *
     * @return the defaults
     */
    public static HboneTimes client() {
        Duration ten = Duration.ofSeconds(10);
        Duration thirty = Duration.ofSeconds(30);
        return new HboneTimes(ten, ten, ten, thirty, thirty, thirty, ten, Duration.ofSeconds(20), Duration.ofSeconds(1),
                Duration.ofMinutes(5),
                Duration.ofHours(1));
    }

    /**
     * Returns the defaults of servers: those of {@link #client()}, but 10 minutes of idleness and two hours of age, as the client should be
     * the one that closes an unused connection.
     *
     * @return the defaults
     */
    public static HboneTimes server() {
        return client().withIdle(Duration.ofMinutes(10)).withMaxAge(Duration.ofHours(2));
    }

    /**
     * {@return these times with other limits for the steps of a new connection}
     *
     * @param tls see {@link #handshake()}
     * @param http2 see {@link #settings()}
     */
    public HboneTimes withHandshake(Duration tls, Duration http2) {
        return new HboneTimes(tls, http2, block, firstRequest, answer, queue, pingInterval, pingTimeout, silence, idle, maxAge);
    }

    /**
     * {@return these times with another limit for incomplete header blocks}
     *
     * @param limit see {@link #block()}
     */
    public HboneTimes withBlock(Duration limit) {
        return new HboneTimes(handshake, settings, limit, firstRequest, answer, queue, pingInterval, pingTimeout, silence, idle, maxAge);
    }

    /**
     * {@return these times with another limit for the first request}
     *
     * @param limit see {@link #firstRequest()}
     */
    public HboneTimes withFirstRequest(Duration limit) {
        return new HboneTimes(handshake, settings, block, limit, answer, queue, pingInterval, pingTimeout, silence, idle, maxAge);
    }

    /**
     * {@return these times with another limit for answers}
     *
     * @param limit see {@link #answer()}
     */
    public HboneTimes withAnswer(Duration limit) {
        return new HboneTimes(handshake, settings, block, firstRequest, limit, queue, pingInterval, pingTimeout, silence, idle, maxAge);
    }

    /**
     * {@return these times with another limit for the wait in the pool's queue}
     *
     * @param limit see {@link #queue()}
     */
    public HboneTimes withQueue(Duration limit) {
        return new HboneTimes(handshake, settings, block, firstRequest, answer, limit, pingInterval, pingTimeout, silence, idle, maxAge);
    }

    /**
     * {@return these times with other times for PINGs}
     *
     * @param interval see {@link #pingInterval()}
     * @param timeout see {@link #pingTimeout()}
     */
    public HboneTimes withPing(Duration interval, Duration timeout) {
        return new HboneTimes(handshake, settings, block, firstRequest, answer, queue, interval, timeout, silence, idle, maxAge);
    }

    /**
     * {@return these times with another time of silence}
     *
     * @param time see {@link #silence()}
     */
    public HboneTimes withSilence(Duration time) {
        return new HboneTimes(handshake, settings, block, firstRequest, answer, queue, pingInterval, pingTimeout, time, idle, maxAge);
    }

    /**
     * {@return these times with another time of idleness}
     *
     * @param time see {@link #idle()}
     */
    public HboneTimes withIdle(Duration time) {
        return new HboneTimes(handshake, settings, block, firstRequest, answer, queue, pingInterval, pingTimeout, silence, time, maxAge);
    }

    /**
     * {@return these times with another maximum age}
     *
     * @param age see {@link #maxAge()}
     */
    public HboneTimes withMaxAge(Duration age) {
        return new HboneTimes(handshake, settings, block, firstRequest, answer, queue, pingInterval, pingTimeout, silence, idle, age);
    }
}
