package io.inpod.hbone.internal;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Notices that a peer has said nothing since it was sent something. First it is asked by PING; if that brings nothing either, in the same
 * time again, it counts as silent until it is heard.
 *
 * <p>A write costs a comparison, and the clock is read for the first one after the peer was heard; the timer runs while something waits for a
 * sign of life, and is never cancelled by one: it looks again when it is due.
 */
final class SilenceWatch {
    /** What follows from it. */
    interface Listener {
        /** Asks the peer for a sign of life, unless it has been asked already. */
        void probe();

        /** It gave none. */
        void fellSilent();

        /** It has after all. */
        void isHeardAgain();
    }

    private final Listener listener;
    private final EventExecutor loop;
    private final long patience;
    private boolean waiting;
    private boolean probed;
    private boolean silent;
    /** Of the first thing sent since the peer was heard, or of the PING. */
    private long since;
    private @Nullable Future<?> timer;

    SilenceWatch(Listener listener, EventExecutor loop, Duration patience) {
        this.listener = listener;
        this.loop = loop;
        this.patience = patience.toNanos();
    }

    /** Something that the peer would answer, were it there. */
    void sent() {
        if (!waiting) {
            waiting = true;
            since = loop.ticker().nanoTime();
            if (timer == null) {
                arm(patience);
            }
        }
    }

    void heard() {
        waiting = false;
        probed = false;
        if (silent) {
            silent = false;
            listener.isHeardAgain();
        }
    }

    boolean isSilent() {
        return silent;
    }

    void cancel() {
        waiting = false;
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private void arm(long delay) {
        timer = loop.schedule(this::look, delay, TimeUnit.NANOSECONDS);
    }

    private void look() {
        timer = null;
        if (!waiting) {
            return;
        }
        long left = patience - (loop.ticker().nanoTime() - since);
        if (left > 0) {
            arm(left);
        } else if (!probed) {
            probed = true;
            since = loop.ticker().nanoTime();
            arm(patience);
            listener.probe();
        } else {
            // No timer any more: the PING's own deadline ends the connection, unless the peer is heard.
            silent = true;
            listener.fellSilent();
        }
    }
}
