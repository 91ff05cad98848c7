package io.inpod.netns.tcp;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one event loop whose {@linkplain Youth youth} isn't over, the oldest first. One timer serves all: for each
 * connection, adding and removing are some assignments.
 */
final class YoungConnections {
    /** How long a connection is young; short compared with any sensible time before the first keepalive probe. */
    static final long MILLIS = 2000;

    private static final FastThreadLocal<YoungConnections> OF_LOOP = new FastThreadLocal<>() {
        @Override
        protected YoungConnections initialValue() {
            return new YoungConnections();
        }
    };

    private @Nullable Youth oldest;
    private @Nullable Youth youngest;
    private boolean timed;

    private YoungConnections() {}

    /** Those of the calling event loop. */
    static YoungConnections ofLoop() {
        return OF_LOOP.get();
    }

    void add(Youth one, EventLoop loop) {
        one.since = System.nanoTime();
        one.earlier = youngest;
        if (youngest == null) {
            oldest = one;
        } else {
            youngest.later = one;
        }
        youngest = one;
        if (!timed) {
            look(loop, TimeUnit.MILLISECONDS.toNanos(MILLIS));
        }
    }

    /** To be called once for each that was added. */
    void remove(Youth one) {
        if (one.earlier == null) {
            oldest = one.later;
        } else {
            one.earlier.later = one.later;
        }
        if (one.later == null) {
            youngest = one.earlier;
        } else {
            one.later.earlier = one.earlier;
        }
        one.earlier = null;
        one.later = null;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // the task throws nothing, and ends with the loop
    private void look(EventLoop loop, long nanos) {
        timed = true;
        loop.schedule(() -> {
            timed = false;
            long now = System.nanoTime();
            long limit = TimeUnit.MILLISECONDS.toNanos(MILLIS);
            while (oldest != null && now - oldest.since >= limit) {
                oldest.over();
            }
            if (oldest != null) {
                look(loop, Math.max(limit / 8, limit - (now - oldest.since)));
            }
        }, nanos, TimeUnit.NANOSECONDS);
    }
}
