package io.inpod.hbone;

/**
 * Bounds on the cost of a peer, or of a burst of our own requests. Together with {@link HboneWindows} they bound the cost of a connection.
 *
 * @param maxConcurrentStreams server: tunnels per connection; client: tunnels that the pool puts on one connection; 1 to 1,000,000
 * @param maxHeaderListSize the largest header list that is accepted, in bytes as RFC 9113 section 6.5.2 counts them; a server answers a
 *     larger one with 431; 1,024 to 1,048,576
 * @param maxQueued client: requests that may wait for a connection, per destination; 1 to 1,000,000
 * @param resets how many requests a peer may cancel before their answer, and how many violations that cost a stream it may commit, at once;
 *     the budget refills by a tenth per second. Resets of established tunnels don't count; 1 to 1,000,000
 * @param controlFrames how many frames that carry nothing a peer may send at once (SETTINGS, PING, PRIORITY, GOAWAY, unknown types, interim
 *     answers, late frames on closed streams, small WINDOW_UPDATEs beyond two per DATA frame of ours); the budget refills by a tenth per
 *     second; 100 to 1,000,000
 */
public record HboneLimits(
        int maxConcurrentStreams,
        int maxHeaderListSize,
        int maxQueued,
        int resets,
        int controlFrames) {
    /**
     * Checks the ranges.
     *
     * @param maxConcurrentStreams see {@link #maxConcurrentStreams()}
     * @param maxHeaderListSize see {@link #maxHeaderListSize()}
     * @param maxQueued see {@link #maxQueued()}
     * @param resets see {@link #resets()}
     * @param controlFrames see {@link #controlFrames()}
     * @throws IllegalArgumentException if a value is out of range
     */
    public HboneLimits {
        HboneOptions.range("maxConcurrentStreams", maxConcurrentStreams, 1, 1_000_000);
        HboneOptions.range("maxHeaderListSize", maxHeaderListSize, 1024, 1 << 20);
        HboneOptions.range("maxQueued", maxQueued, 1, 1_000_000);
        HboneOptions.range("resets", resets, 1, 1_000_000);
        HboneOptions.range("controlFrames", controlFrames, 100, 1_000_000);
    }

    /**
     * Returns the defaults of clients: 100 tunnels per connection, 16 KiB of headers, 10,000 waiting requests.
     *
     * @return the defaults
     */
    public static HboneLimits client() {
        return new HboneLimits(100, 16 << 10, 10_000, 2000, 25_000);
    }

    /**
     * Returns the defaults of servers: 200 tunnels per connection, 64 KiB of headers.
     *
     * @return the defaults
     */
    public static HboneLimits server() {
        return new HboneLimits(200, 64 << 10, 10_000, 2000, 25_000);
    }

    /**
     * {@return these limits with another number of tunnels per connection}
     *
     * @param streams see {@link #maxConcurrentStreams()}
     */
    public HboneLimits withMaxConcurrentStreams(int streams) {
        return new HboneLimits(streams, maxHeaderListSize, maxQueued, resets, controlFrames);
    }

    /**
     * {@return these limits with another size of header lists}
     *
     * @param bytes see {@link #maxHeaderListSize()}
     */
    public HboneLimits withMaxHeaderListSize(int bytes) {
        return new HboneLimits(maxConcurrentStreams, bytes, maxQueued, resets, controlFrames);
    }

    /**
     * {@return these limits with another length of the queue}
     *
     * @param requests see {@link #maxQueued()}
     */
    public HboneLimits withMaxQueued(int requests) {
        return new HboneLimits(maxConcurrentStreams, maxHeaderListSize, requests, resets, controlFrames);
    }

    /**
     * {@return these limits with another budget of resets}
     *
     * @param budget see {@link #resets()}
     */
    public HboneLimits withResets(int budget) {
        return new HboneLimits(maxConcurrentStreams, maxHeaderListSize, maxQueued, budget, controlFrames);
    }

    /**
     * {@return these limits with another budget of control frames}
     *
     * @param budget see {@link #controlFrames()}
     */
    public HboneLimits withControlFrames(int budget) {
        return new HboneLimits(maxConcurrentStreams, maxHeaderListSize, maxQueued, resets, budget);
    }
}
