package io.inpod.hbone;

/**
 * What a peer, or a burst of our own requests, may cost us. What a connection costs at most follows from these and {@link HboneWindows}.
 *
 * @param maxConcurrentStreams server: tunnels per connection; client: tunnels that the pool puts on one connection; 1 to 1,000,000
 * @param maxHeaderListSize largest header list accepted, bytes as RFC 9113 section 6.5.2 counts them, a larger one is answered with 431; 1,024 to 1,048,576
 * @param maxQueued client: requests that may wait for a connection, per destination; 1 to 1,000,000
 * @param resets requests taken back before their answer, and violations that cost a stream, which a peer may cause at once; what is used grows back by
 *     a tenth per second. Resets of tunnels that stood don't count; 1 to 1,000,000
 * @param controlFrames frames that carry nothing (SETTINGS, PING, PRIORITY, GOAWAY, unknown types, interim answers, what comes late on closed streams,
 *     small WINDOW_UPDATEs beyond two per DATA frame of ours) which a peer may send at once; what is used grows back by a tenth per second; 100 to 1,000,000
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
     * @param maxConcurrentStreams server: tunnels per connection; client: tunnels that the pool puts on one connection; 1 to 1,000,000
     * @param maxHeaderListSize largest header list accepted, bytes as RFC 9113 section 6.5.2 counts them, a larger one is answered with 431; 1,024 to 1,048,576
     * @param maxQueued client: requests that may wait for a connection, per destination; 1 to 1,000,000
     * @param resets requests taken back before their answer, and violations that cost a stream, which a peer may cause at once; what is used grows back by
     *     a tenth per second. Resets of tunnels that stood don't count; 1 to 1,000,000
     * @param controlFrames frames that carry nothing (SETTINGS, PING, PRIORITY, GOAWAY, unknown types, interim answers, what comes late on closed streams,
     *     small WINDOW_UPDATEs beyond two per DATA frame of ours) which a peer may send at once; what is used grows back by a tenth per second; 100 to 1,000,000
     * @throws IllegalArgumentException if a value is out of its range
     */
    public HboneLimits {
        HboneOptions.range("maxConcurrentStreams", maxConcurrentStreams, 1, 1_000_000);
        HboneOptions.range("maxHeaderListSize", maxHeaderListSize, 1024, 1 << 20);
        HboneOptions.range("maxQueued", maxQueued, 1, 1_000_000);
        HboneOptions.range("resets", resets, 1, 1_000_000);
        HboneOptions.range("controlFrames", controlFrames, 100, 1_000_000);
    }

    /**
     * What clients start with: 100 tunnels per connection, 16 KiB of headers, 10,000 waiting requests.
     *
     * @return the defaults of {@link HbonePool}
     */
    public static HboneLimits client() {
        return new HboneLimits(100, 16 << 10, 10_000, 2000, 25_000);
    }

    /**
     * What servers start with: 200 tunnels per connection, 64 KiB of headers.
     *
     * @return the defaults of {@link HboneServer}
     */
    public static HboneLimits server() {
        return new HboneLimits(200, 64 << 10, 10_000, 2000, 25_000);
    }

    /**
     * Another number of tunnels per connection.
     *
     * @param maxConcurrentStreams server: tunnels per connection; client: tunnels that the pool puts on one connection; 1 to 1,000,000
     * @return changed limits
     */
    public HboneLimits withMaxConcurrentStreams(int maxConcurrentStreams) {
        return new HboneLimits(maxConcurrentStreams, maxHeaderListSize, maxQueued, resets, controlFrames);
    }

    /**
     * Another size of header lists.
     *
     * @param maxHeaderListSize largest header list accepted, bytes as RFC 9113 section 6.5.2 counts them, a larger one is answered with 431; 1,024 to 1,048,576
     * @return changed limits
     */
    public HboneLimits withMaxHeaderListSize(int maxHeaderListSize) {
        return new HboneLimits(maxConcurrentStreams, maxHeaderListSize, maxQueued, resets, controlFrames);
    }

    /**
     * Another length of the queue.
     *
     * @param maxQueued client: requests that may wait for a connection, per destination; 1 to 1,000,000
     * @return changed limits
     */
    public HboneLimits withMaxQueued(int maxQueued) {
        return new HboneLimits(maxConcurrentStreams, maxHeaderListSize, maxQueued, resets, controlFrames);
    }

    /**
     * Another budget of resets.
     *
     * @param resets requests taken back before their answer, and violations that cost a stream, which a peer may cause at once; what is used grows back by
     *     a tenth per second. Resets of tunnels that stood don't count; 1 to 1,000,000
     * @return changed limits
     */
    public HboneLimits withResets(int resets) {
        return new HboneLimits(maxConcurrentStreams, maxHeaderListSize, maxQueued, resets, controlFrames);
    }

    /**
     * Another budget of control frames.
     *
     * @param controlFrames frames that carry nothing (SETTINGS, PING, PRIORITY, GOAWAY, unknown types, interim answers, what comes late on closed streams,
     *     small WINDOW_UPDATEs beyond two per DATA frame of ours) which a peer may send at once; what is used grows back by a tenth per second; 100 to 1,000,000
     * @return changed limits
     */
    public HboneLimits withControlFrames(int controlFrames) {
        return new HboneLimits(maxConcurrentStreams, maxHeaderListSize, maxQueued, resets, controlFrames);
    }
}
