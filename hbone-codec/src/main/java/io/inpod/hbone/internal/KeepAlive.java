package io.inpod.hbone.internal;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One timer per connection: waits for SETTINGS, then sends PINGs and watches for their answers and for idleness. */
final class KeepAlive {
    static final long PAYLOAD = 0x696e706f64L;

    private final Http2Connection connection;
    private final EventExecutor loop;
    private final long interval;
    private final long timeout;
    private long unansweredSince;
    private boolean unanswered;
    private @Nullable Future<?> timer;

    KeepAlive(Http2Connection connection, EventExecutor loop, long intervalNanos, long timeoutNanos) {
        this.connection = connection;
        this.loop = loop;
        this.interval = intervalNanos;
        this.timeout = timeoutNanos;
    }

    void awaitSettings(long nanos) {
        timer = loop.schedule(connection::settingsTimedOut, nanos, TimeUnit.NANOSECONDS);
    }

    void start() {
        cancel();
        timer = loop.schedule(this::tick, interval, TimeUnit.NANOSECONDS);
    }

    void answered() {
        unanswered = false;
    }

    void cancel() {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private void tick() {
        long now = System.nanoTime();
        if (unanswered && now - unansweredSince >= timeout) {
            connection.lost("no answer to PING within " + TimeUnit.NANOSECONDS.toMillis(timeout) + " ms");
            return;
        }
        if (connection.closedAsIdle(now)) {
            return;
        }
        long next = interval;
        if (!unanswered) {
            unanswered = true;
            unansweredSince = now;
            connection.ping(PAYLOAD);
            next = Math.min(interval, timeout);
        } else {
            next = Math.min(interval, timeout - (now - unansweredSince));
        }
        timer = loop.schedule(this::tick, Math.max(1, next), TimeUnit.NANOSECONDS);
    }
}
