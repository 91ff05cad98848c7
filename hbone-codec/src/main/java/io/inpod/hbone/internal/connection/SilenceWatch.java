package io.inpod.hbone.internal.connection;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Detects a peer that sends nothing after we have sent something. It first asks for a PING; if nothing arrives within the same time again,
 * the peer counts as silent until it sends something. While the connection isn't read, nobody is silent.
 *
 * <p>A write costs a comparison; only the first write after the peer was heard reads the clock. The timer runs while a sign of life is
 * awaited. A sign of life doesn't cancel it; it checks again when it fires.
 */
final class SilenceWatch {
    /** Acts on what the watch detects. */
    interface Listener {
        /** Whether the connection isn't read at present, so that the peer can't be heard. */
        boolean isDeaf();

        /** Sends the peer a PING, unless one is unanswered. */
        void probe();

        /** The peer has not answered. */
        void fellSilent();

        /** The silent peer has sent something. */
        void isHeardAgain();
    }

    private final Listener listener;
    private final EventExecutor loop;
    private final long patience;
    private boolean waiting;
    private boolean probed;
    private boolean silent;
    /** When the first bytes since the peer was heard were sent, or the PING. */
    private long since;
    private @Nullable Future<?> timer;

    SilenceWatch(Listener listener, EventExecutor loop, Duration patience) {
        this.listener = listener;
        this.loop = loop;
        this.patience = patience.toNanos();
    }

    /** Bytes were sent to which a live peer would react. */
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
        if (listener.isDeaf()) {
            probed = false;
            since = loop.ticker().nanoTime();
            arm(patience);
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
            // No further timer: the PING's own deadline ends the connection, unless the peer is heard.
            silent = true;
            listener.fellSilent();
        }
    }
}
