package io.inpod.hbone.internal.connection;

import io.inpod.hbone.internal.frames.FrameReader;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Ends a connection whose peer leaves a frame or header block incomplete that is kept in memory until it is complete. While the connection
 * isn't read, the rest may wait in the socket, and the time doesn't count.
 */
final class BlockDeadline {
    private final Http2Connection connection;
    private final FrameReader reader;
    private final EventExecutor loop;
    private final Duration patience;
    /** What the reader had completed when the time began. */
    private long completed;
    private @Nullable Future<?> timer;

    BlockDeadline(Http2Connection connection, FrameReader reader, EventExecutor loop, Duration patience) {
        this.connection = connection;
        this.reader = reader;
        this.loop = loop;
        this.patience = patience;
    }

    /** The reader has read what there was. */
    void read() {
        if (timer == null && reader.held() > 0) {
            completed = reader.completed();
            timer = loop.schedule(this::look, patience.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    void cancel() {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private void look() {
        timer = null;
        if (connection.isGone()) {
            return;
        }
        if (completed == reader.completed() && !connection.isDeaf() && reader.held() > 0) {
            connection.blockTimedOut();
        } else {
            read(); // if one is incomplete now, it may have begun later
        }
    }
}
