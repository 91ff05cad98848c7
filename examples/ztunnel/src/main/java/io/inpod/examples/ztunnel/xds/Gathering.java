package io.inpod.examples.ztunnel.xds;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Runs on the source's thread what gRPC has for it. What comes shortly after something else waits for a moment, in which more may come:
 * responses that come one by one, a thousand a second, are then accepted together. Thread-safe.
 */
final class Gathering implements Executor {
    private final ScheduledExecutorService thread;
    private final long nanos;
    private final Runnable after;
    private volatile boolean gathers;
    private volatile long ended = System.nanoTime();

    /**
     * Creates one that doesn't gather yet.
     *
     * @param thread where it runs
     * @param time how long what comes waits at most
     * @param after run there, each time after what was gathered
     */
    Gathering(ScheduledExecutorService thread, Duration time, Runnable after) {
        this.thread = thread;
        this.nanos = time.toNanos();
        this.after = after;
    }

    /** Sets whether what comes next may wait. */
    void gather(boolean gathers) {
        this.gathers = gathers;
    }

    @Override
    public void execute(Runnable task) {
        Runnable whole = () -> {
            try {
                task.run();
            } finally {
                ended = System.nanoTime();
                after.run();
            }
        };
        long wait = gathers ? nanos - (System.nanoTime() - ended) : 0;
        if (wait > 0) {
            var unused = thread.schedule(whole, wait, TimeUnit.NANOSECONDS);
        } else {
            thread.execute(whole);
        }
    }
}
