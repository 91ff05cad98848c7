package io.inpod.examples.ztunnel.limit;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How long a pod's connection may take to be connected, over all tries. A try that has had its part of the time is given up if there is
 * something else to try. To be used on one event loop.
 */
public final class ConnectDeadline {
    /** How many endpoints are tried. */
    public static final int MOST_TRIES = 3;
    private static final Duration LONGEST_STEP = Duration.ofSeconds(10);

    private final EventLoop loop;
    private final long whole; // nanoseconds, as all below: these run for each connection
    private final long end;

    /**
     * Begins.
     *
     * @param loop the event loop
     * @param whole how long it may take
     */
    public ConnectDeadline(EventLoop loop, Duration whole) {
        this.loop = loop;
        this.whole = whole.toNanos();
        this.end = System.nanoTime() + this.whole;
    }

    /**
     * Returns how long connecting to an endpoint, and each step of a handshake with it, may take: not longer than one try.
     *
     * @param whole how long a connection may take
     * @return ten seconds, or a third of it
     */
    public static Duration step(Duration whole) {
        Duration part = whole.dividedBy(MOST_TRIES);
        return part.compareTo(LONGEST_STEP) < 0 ? part : LONGEST_STEP;
    }

    /** {@return how much time there is left, at least a millisecond} */
    public Duration left() {
        return Duration.ofNanos(leftNanos());
    }

    private long leftNanos() {
        return Math.max(TimeUnit.MILLISECONDS.toNanos(1), end - System.nanoTime());
    }

    /** {@return whether nothing else can be tried any more} */
    public boolean isOver() {
        return System.nanoTime() - end >= 0;
    }

    /**
     * Watches a try: cancels it at the deadline, or earlier if something else can be tried.
     *
     * @param what what is tried, for the error
     * @param pending cancelled if it isn't done in time
     * @param another asked once this try has had its part of the time, whether something else can be tried
     * @return the watch; to be stopped when the try is done
     */
    public Watch watch(Supplier<String> what, Future<?> pending, BooleanSupplier another) {
        Watch watch = new Watch(what, pending, another);
        watch.begin();
        return watch;
    }

    /** Watches one try. */
    public final class Watch {
        private final Supplier<String> what;
        private final Future<?> pending;
        private final BooleanSupplier another;
        private @Nullable Future<?> timer;
        private @Nullable SocketTimeoutException expired;

        private Watch(Supplier<String> what, Future<?> pending, BooleanSupplier another) {
            this.what = what;
            this.pending = pending;
            this.another = another;
        }

        private void begin() {
            if (!pending.isDone()) {
                schedule(Math.min(whole / MOST_TRIES, leftNanos()));
            }
        }

        private void schedule(long nanos) {
            timer = loop.schedule(this::look, nanos, TimeUnit.NANOSECONDS);
        }

        private void look() {
            if (pending.isDone()) {
                return;
            }
            if (isOver()) {
                expire("no connection within " + millis(whole) + " ms (INPOD_CONNECT_DEADLINE)");
            } else if (another.getAsBoolean()) {
                expire("no connection within " + millis(whole / MOST_TRIES) + " ms, a third of INPOD_CONNECT_DEADLINE");
            } else {
                schedule(leftNanos());
            }
        }

        private static long millis(long nanos) {
            return TimeUnit.NANOSECONDS.toMillis(nanos);
        }

        private void expire(String why) {
            expired = new SocketTimeoutException(what.get() + ": " + why);
            if (!pending.cancel(false)) {
                expired = null; // it has just been connected
            }
        }

        /**
         * Stops to watch.
         *
         * @return why the try was cancelled; null if it wasn't, or not by this
         */
        public @Nullable SocketTimeoutException stop() {
            if (timer != null) {
                timer.cancel(false);
            }
            return expired;
        }
    }
}
