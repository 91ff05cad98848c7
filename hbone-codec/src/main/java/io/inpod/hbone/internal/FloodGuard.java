package io.inpod.hbone.internal;

/**
 * Bounds what a peer can make us do for nothing. Resets of tunnels that stood don't count, however many; requests that are taken back before
 * their answer do, and so do resets that the peer provokes: a budget of 2,000 that grows back by 200 per second.
 */
final class FloodGuard {
    private static final int RESETS = 2000;
    private static final int RESETS_PER_SECOND = 200;
    private static final int EMPTY_DATA = 100;
    private static final int PENDING_ACKS = 1000;

    private double resets = RESETS;
    private long refilled = System.nanoTime();
    private int emptyData;
    private int pendingAcks;

    void reset() throws ConnectionError {
        long now = System.nanoTime();
        resets = Math.min(RESETS, resets + (now - refilled) * 1e-9 * RESETS_PER_SECOND);
        refilled = now;
        if (--resets < 0) {
            throw ConnectionError.calm("too many resets");
        }
    }

    void data(int length, boolean endStream) throws ConnectionError {
        if (length > 0) {
            emptyData = 0;
        } else if (!endStream && ++emptyData > EMPTY_DATA) {
            throw ConnectionError.calm("too many empty DATA frames");
        }
    }

    /** Acks that the peer asks for faster than it takes them. */
    void ackQueued() throws ConnectionError {
        if (++pendingAcks > PENDING_ACKS) {
            throw ConnectionError.calm("too many unread acknowledgements");
        }
    }

    void ackWritten() {
        pendingAcks--;
    }
}
