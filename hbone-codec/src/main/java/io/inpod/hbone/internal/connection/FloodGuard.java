package io.inpod.hbone.internal.connection;

import io.inpod.hbone.HboneLimits;
import io.inpod.hbone.internal.frames.ConnectionError;

/**
 * Bounds the work that a peer can cause at no cost to itself. Resets of established tunnels don't count, however many: the peer had to wait
 * for our answer to each. Requests that are cancelled before their answer count, and so do resets that the peer provokes.
 */
final class FloodGuard {
    private static final int EMPTY_DATA = 100;
    private static final int SMALL_UPDATE = 1024;
    /** More than tunnels may queue on the socket. Only answers that the peer requests and doesn't read reach this bound. */
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

    /** Small increments are a fair answer to our small frames, but not beyond them. */
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

    /** A number of events at once, and a tenth of that number per second in the long run. */
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
