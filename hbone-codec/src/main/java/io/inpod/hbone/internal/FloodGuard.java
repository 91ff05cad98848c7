package io.inpod.hbone.internal;

import io.inpod.hbone.HboneLimits;

/**
 * Bounds what a peer can make us do for nothing. Resets of tunnels that stood don't count, however many: the peer had to wait for our
 * answer to each. Requests that are taken back before their answer do, and so do resets that the peer provokes.
 */
final class FloodGuard {
    private static final int EMPTY_DATA = 100;
    private static final int SMALL_UPDATE = 1024;
    /** Beyond what tunnels may have queued on the socket; only answers that the peer asks for and doesn't read get there. */
    private static final long PENDING = 2L << 20;

    private final Budget resets;
    private final Budget control;
    private int emptyData;

    FloodGuard(HboneLimits limits) {
        this.resets = new Budget(limits.resets());
        this.control = new Budget(limits.controlFrames());
    }

    void reset() throws ConnectionError {
        if (!resets.take()) {
            throw ConnectionError.calm("too many resets");
        }
    }

    /** A frame that carries nothing. */
    void control() throws ConnectionError {
        if (!control.take()) {
            throw ConnectionError.calm("too many control frames");
        }
    }

    /** Small increments are what a peer answers our small frames with, but not more. */
    void windowUpdate(int increment) throws ConnectionError {
        if (increment < SMALL_UPDATE) {
            control();
        }
    }

    void dataSent() {
        control.giveBack(2);
    }

    void data(int length, boolean endStream) throws ConnectionError {
        if (length > 0) {
            emptyData = 0;
        } else if (!endStream && ++emptyData > EMPTY_DATA) {
            throw ConnectionError.calm("too many empty DATA frames");
        }
    }

    static void pending(long bytes) throws ConnectionError {
        if (bytes > PENDING) {
            throw ConnectionError.calm("the peer doesn't read the answers that it asks for");
        }
    }

    /** A number of things at once, a tenth of it per second in the long run. */
    private static final class Budget {
        private final int size;
        private double left;
        private long refilled = System.nanoTime();

        Budget(int size) {
            this.size = size;
            this.left = size;
        }

        boolean take() {
            if (left < 1) {
                long now = System.nanoTime();
                left = Math.min(size, left + (now - refilled) * 1e-10 * size);
                refilled = now;
            }
            return --left >= 0;
        }

        void giveBack(int n) {
            left = Math.min(size, left + n);
        }
    }
}
