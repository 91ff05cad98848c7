package io.inpod.hbone.internal.connection;

import io.inpod.hbone.HboneTimes;
import io.inpod.hbone.internal.frames.FrameWriter;
import io.inpod.hbone.internal.stream.StreamTable;
import io.inpod.hbone.internal.stream.UnreadBytes;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The timer of a connection: waits for SETTINGS, then sends PINGs and checks for their answers, for idleness and for age. */
final class KeepAlive {
    private final Http2Connection connection;
    private final StreamTable table;
    private final UnreadBytes unread;
    private final FrameWriter writer;
    private final EventExecutor loop;
    private final HboneTimes times;
    private final long interval;
    private final long timeout;
    private final long opened = System.nanoTime();
    /** After that long, in nanoseconds, the connection takes no new tunnels: its certificates have expired, or it is old. */
    private final long life;
    /** Random, so that only a peer that reads can answer. */
    private long payload;
    private long unansweredSince;
    private boolean unanswered;
    private boolean old;
    private @Nullable Future<?> timer;

    KeepAlive(Http2Connection connection, StreamTable table, UnreadBytes unread, FrameWriter writer, EventExecutor loop, HboneTimes times,
            Instant expiry) {
        this.connection = connection;
        this.table = table;
        this.unread = unread;
        this.writer = writer;
        this.loop = loop;
        this.times = times;
        this.interval = times.pingInterval().toNanos();
        this.timeout = times.pingTimeout().toNanos();
        this.life = Math.max(0, Math.min(times.maxAge().toNanos(), left(expiry)));
    }

    private static long left(Instant expiry) {
        Duration left = Duration.between(Instant.now(), expiry);
        return left.compareTo(Duration.ofDays(366)) > 0 ? Long.MAX_VALUE : left.toNanos();
    }

    void awaitSettings() {
        timer = loop.schedule(connection::settingsTimedOut, times.settings().toNanos(), TimeUnit.NANOSECONDS);
    }

    void start() {
        cancel();
        timer = loop.schedule(this::tick, Math.min(interval, life), TimeUnit.NANOSECONDS);
    }

    /** Whether this is the answer to our PING. */
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
        if (unread.isStopped()) {
            unansweredSince = now; // the answer waits in the socket
        } else if (unanswered && now - unansweredSince >= timeout) {
            connection.lost("no answer to PING within " + TimeUnit.NANOSECONDS.toMillis(timeout) + " ms");
            return;
        }
        if (!old && now - opened >= life) {
            old = true;
            connection.retire();
        }
        if (table.isEmpty() && now - table.idleSince() >= times.idle().toNanos()) {
            connection.retire();
        }
        if (connection.isGone()) {
            return;
        }
        if (!unanswered) {
            ask(now);
        }
        long next = Math.min(interval, timeout - (now - unansweredSince));
        if (!old) {
            next = Math.min(next, life - (now - opened));
        }
        timer = loop.schedule(this::tick, Math.max(1, next), TimeUnit.NANOSECONDS);
    }

    /** The connection, which wasn't read for some time, is read again. */
    void readingResumed() {
        unansweredSince = System.nanoTime();
    }

    /** Sends a PING out of turn, unless one is unanswered. */
    void probe() {
        if (!unanswered) {
            ask(System.nanoTime());
        }
    }

    private void ask(long now) {
        unanswered = true;
        unansweredSince = now;
        payload = ThreadLocalRandom.current().nextLong();
        writer.ping(payload);
    }
}
