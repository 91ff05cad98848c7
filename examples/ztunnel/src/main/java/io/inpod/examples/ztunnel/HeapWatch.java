package io.inpod.examples.ztunnel;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;

/**
 * Detects a process that does little else than collect garbage because its heap is almost full. It would serve nobody and never end: an
 * OutOfMemoryError is thrown only when nothing at all can be freed, and of the collectors of a small heap only the parallel one has a limit
 * (UseGCOverheadLimit).
 */
final class HeapWatch {
    private static final double MOST = 0.8;
    private static final int TIMES = 2;

    private final List<GarbageCollectorMXBean> collectors = ManagementFactory.getGarbageCollectorMXBeans();
    private final Duration interval;

    private HeapWatch(Duration interval) {
        this.interval = interval;
    }

    /**
     * Starts a thread that watches.
     *
     * @param interval how often it looks
     * @param full called when {@value #MOST} of the time of {@value #TIMES} intervals was spent with collections
     */
    static void start(Duration interval, Runnable full) {
        HeapWatch watch = new HeapWatch(interval);
        Thread thread = new Thread(() -> {
            if (watch.awaitFull()) {
                full.run();
            }
        }, "heap");
        thread.setDaemon(true);
        thread.start();
    }

    /** Returns false if the thread was interrupted. */
    private boolean awaitFull() {
        int full = 0;
        long at = System.nanoTime();
        long collected = collected();
        while (full < TIMES) {
            try {
                Thread.sleep(interval.toMillis());
            } catch (InterruptedException e) {
                return false;
            }
            long now = System.nanoTime();
            long total = collected();
            full = (total - collected) * 1e6 > MOST * (now - at) ? full + 1 : 0;
            at = now;
            collected = total;
        }
        return true;
    }

    /** Milliseconds since the start of the JVM. */
    private long collected() {
        long sum = 0;
        for (GarbageCollectorMXBean collector : collectors) { // allocates nothing
            sum += collector.getCollectionTime();
        }
        return sum;
    }
}
