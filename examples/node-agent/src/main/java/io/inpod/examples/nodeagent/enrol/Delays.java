package io.inpod.examples.nodeagent.enrol;

import java.time.Duration;

/** Runs tasks later, on a thread of its own. */
public interface Delays {
    /** Pauses between attempts to enrol a pod: each is twice as long as the one before. */
    Duration FIRST = Duration.ofSeconds(1);
    Duration LONGEST = Duration.ofSeconds(30);

    /**
     * Runs a task after a pause. Never runs it on the calling thread.
     *
     * @param pause how long to wait
     * @param task must not throw
     */
    void later(Duration pause, Runnable task);

    /** Returns the pause that follows this one. */
    static Duration next(Duration pause) {
        Duration twice = pause.multipliedBy(2);
        return twice.compareTo(LONGEST) < 0 ? twice : LONGEST;
    }
}
