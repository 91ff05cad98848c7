package io.inpod.hbone;

import java.time.Duration;

/**
 * How long each step of a connection's life may last. Nothing waits without a bound, except tunnels that stand.
 *
 * @param handshake bound of the TLS handshake
 * @param settings bound from there to the peer's SETTINGS (and, on a server, the client's preface)
 * @param firstRequest server: bound from there to the first CONNECT request
 * @param answer bound of the answer to a CONNECT request: a client gives it up, a server answers 504 for its handler
 * @param queue client: how long a request may wait for a connection
 * @param pingInterval time between PINGs
 * @param pingTimeout how long a PING may stay unanswered before the connection counts as lost
 * @param silence client: how long a connection may say nothing after it was sent a request or bytes; then it is asked by PING, and if it says nothing for as
 *     long again, it takes no new tunnels until it is heard, and requests that it hasn't answered are asked again on another connection
 * @param idle a connection without tunnels is closed after this time, give or take {@code pingInterval}
 * @param maxAge an older connection takes no new tunnels and ends after its last one, give or take {@code pingInterval}; so that rotated certificates
 *     take effect
 */
public record HboneTimes(
        Duration handshake,
        Duration settings,
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
     * @param handshake bound of the TLS handshake
     * @param settings bound from there to the peer's SETTINGS (and, on a server, the client's preface)
     * @param firstRequest server: bound from there to the first CONNECT request
     * @param answer bound of the answer to a CONNECT request: a client gives it up, a server answers 504 for its handler
     * @param queue client: how long a request may wait for a connection
     * @param pingInterval time between PINGs
     * @param pingTimeout how long a PING may stay unanswered before the connection counts as lost
     * @param silence client: how long a connection may say nothing after it was sent a request or bytes; then it is asked by PING, and if it says nothing for as
     *     long again, it takes no new tunnels until it is heard, and requests that it hasn't answered are asked again on another connection
     * @param idle a connection without tunnels is closed after this time, give or take {@code pingInterval}
     * @param maxAge an older connection takes no new tunnels and ends after its last one, give or take {@code pingInterval}; so that rotated certificates
     *     take effect
     * @throws IllegalArgumentException if one isn't positive, or more than a year
     */
    public HboneTimes {
        for (Duration d : new Duration[] {handshake, settings, firstRequest, answer, queue, pingInterval, pingTimeout, silence, idle, maxAge}) {
            if (d.isNegative() || d.isZero() || d.compareTo(Duration.ofDays(366)) > 0) {
                throw new IllegalArgumentException("a time must be positive and at most a year: " + d);
            }
        }
    }

    /**
     * What clients start with: 10 s for each step of a new connection, 30 s for an answer and in the queue, a PING every 10 s with
     * 20 s for its answer, 1 s of silence, 5 minutes of idleness, an hour of age.
     *
     * @return the defaults of {@link HbonePool}
     */
    public static HboneTimes client() {
        Duration ten = Duration.ofSeconds(10);
        Duration thirty = Duration.ofSeconds(30);
        return new HboneTimes(ten, ten, thirty, thirty, thirty, ten, Duration.ofSeconds(20), Duration.ofSeconds(1), Duration.ofMinutes(5), Duration.ofHours(1));
    }

    /**
     * What servers start with: as {@link #client()}, but 10 minutes of idleness and two hours of age, as it is the client that should end
     * an unused connection.
     *
     * @return the defaults of {@link HboneServer}
     */
    public static HboneTimes server() {
        return client().withIdle(Duration.ofMinutes(10)).withMaxAge(Duration.ofHours(2));
    }

    /**
     * Other bounds for the steps of a new connection.
     *
     * @param handshake bound of the TLS handshake
     * @param settings bound from there to the peer's SETTINGS (and, on a server, the client's preface)
     * @return changed times
     */
    public HboneTimes withHandshake(Duration handshake, Duration settings) {
        return new HboneTimes(handshake, settings, firstRequest, answer, queue, pingInterval, pingTimeout, silence, idle, maxAge);
    }

    /**
     * Another bound for the first request.
     *
     * @param firstRequest server: bound from there to the first CONNECT request
     * @return changed times
     */
    public HboneTimes withFirstRequest(Duration firstRequest) {
        return new HboneTimes(handshake, settings, firstRequest, answer, queue, pingInterval, pingTimeout, silence, idle, maxAge);
    }

    /**
     * Another bound for answers.
     *
     * @param answer bound of the answer to a CONNECT request: a client gives it up, a server answers 504 for its handler
     * @return changed times
     */
    public HboneTimes withAnswer(Duration answer) {
        return new HboneTimes(handshake, settings, firstRequest, answer, queue, pingInterval, pingTimeout, silence, idle, maxAge);
    }

    /**
     * Another bound for the wait in the pool's queue.
     *
     * @param queue client: how long a request may wait for a connection
     * @return changed times
     */
    public HboneTimes withQueue(Duration queue) {
        return new HboneTimes(handshake, settings, firstRequest, answer, queue, pingInterval, pingTimeout, silence, idle, maxAge);
    }

    /**
     * Other times for PINGs.
     *
     * @param pingInterval time between PINGs
     * @param pingTimeout how long a PING may stay unanswered before the connection counts as lost
     * @return changed times
     */
    public HboneTimes withPing(Duration pingInterval, Duration pingTimeout) {
        return new HboneTimes(handshake, settings, firstRequest, answer, queue, pingInterval, pingTimeout, silence, idle, maxAge);
    }

    /**
     * Another time of silence.
     *
     * @param silence client: how long a connection may say nothing after it was sent a request or bytes; then it is asked by PING, and if it says nothing for as
     *     long again, it takes no new tunnels until it is heard, and requests that it hasn't answered are asked again on another connection
     * @return changed times
     */
    public HboneTimes withSilence(Duration silence) {
        return new HboneTimes(handshake, settings, firstRequest, answer, queue, pingInterval, pingTimeout, silence, idle, maxAge);
    }

    /**
     * Another time of idleness.
     *
     * @param idle a connection without tunnels is closed after this time, give or take {@code pingInterval}
     * @return changed times
     */
    public HboneTimes withIdle(Duration idle) {
        return new HboneTimes(handshake, settings, firstRequest, answer, queue, pingInterval, pingTimeout, silence, idle, maxAge);
    }

    /**
     * Another age.
     *
     * @param maxAge an older connection takes no new tunnels and ends after its last one, give or take {@code pingInterval}; so that rotated certificates
     *     take effect
     * @return changed times
     */
    public HboneTimes withMaxAge(Duration maxAge) {
        return new HboneTimes(handshake, settings, firstRequest, answer, queue, pingInterval, pingTimeout, silence, idle, maxAge);
    }
}
