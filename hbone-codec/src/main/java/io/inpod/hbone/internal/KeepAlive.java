package io.inpod.hbone.internal;

import io.inpod.hbone.HboneTimes;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One timer per connection: waits for SETTINGS, then sends PINGs and watches for their answers, for idleness and for age. */
final class KeepAlive {
    private final Http2Connection connection;
    private final EventExecutor loop;
    private final HboneTimes times;
    private final long interval;
    private final long timeout;
    private final long opened = System.nanoTime();
    /** Not to be guessed: who doesn't read can't answer. */
    private long payload;
    private long unansweredSince;
    private boolean unanswered;
    private boolean old;
    private @Nullable Future<?> timer;

    KeepAlive(Http2Connection connection, EventExecutor loop, HboneTimes times) {
        this.connection = connection;
        this.loop = loop;
        this.times = times;
        this.interval = times.pingInterval().toNanos();
        this.timeout = times.pingTimeout().toNanos();
    }

    void awaitSettings() {
        timer = loop.schedule(connection::settingsTimedOut, times.settings().toNanos(), TimeUnit.NANOSECONDS);
    }

    void start() {
        cancel();
        timer = loop.schedule(this::tick, interval, TimeUnit.NANOSECONDS);
    }

    /** Whether the answer was to our PING. */
    boolean answered(long answer) {
        boolean ours = unanswered && answer == payload;
        unanswered &= !ours;
        return ours;
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
        if (!old && now - opened >= times.maxAge().toNanos()) {
            old = true;
            connection.retire();
        }
        if (connection.hasNoTunnels() && now - connection.idleSince >= times.idle().toNanos()) {
            connection.retire();
        }
        if (connection.isGone()) {
            return;
        }
        if (!unanswered) {
            ask(now);
        }
        long next = Math.min(interval, timeout - (now - unansweredSince));
        timer = loop.schedule(this::tick, Math.max(1, next), TimeUnit.NANOSECONDS);
    }

    /** A PING out of turn, unless one is under way. */
    void probe() {
        if (!unanswered) {
            ask(System.nanoTime());
        }
    }

    private void ask(long now) {
        unanswered = true;
        unansweredSince = now;
        payload = ThreadLocalRandom.current().nextLong();
        connection.ping(payload);
    }
}
