package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.enrol.Delays;
import java.time.Duration;

/**
 * Keeps the heap of an agent small that has little to do. Its garbage lies among what lives until a full collection, and an idle agent
 * doesn't come to one by itself. So one is asked for when the heap has grown, at most once every {@link #PAUSE}; it takes some ten
 * milliseconds. How much the JVM then gives back to the system is up to its options MaxHeapFreeRatio and ShrinkHeapInSteps.
 */
final class SmallHeap {
    static final Duration PAUSE = Duration.ofSeconds(30);
    private static final long GROWTH = 1 << 20;

    private final Delays delays;
    private long size;

    SmallHeap(Delays delays) {
        this.delays = delays;
    }

    /** Begins: the first look is taken after the pause. */
    void start() {
        delays.later(PAUSE, () -> {
            look();
            start();
        });
    }

    private void look() {
        Runtime heap = Runtime.getRuntime();
        if (heap.totalMemory() >= size + GROWTH) {
            System.gc();
            size = heap.totalMemory();
        }
    }
}
