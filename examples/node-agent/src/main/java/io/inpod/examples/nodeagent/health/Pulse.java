package io.inpod.examples.nodeagent.health;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;

/**
 * Whether threads that do work still begin some. Each question leaves a task with them; one that isn't begun for long means that all hang.
 */
public final class Pulse {
    private final Executor workers;
    private final Duration limit;
    private boolean waiting;
    private long since;

    /**
     * Asks nothing yet.
     *
     * @param workers the threads
     * @param limit how long a task may wait for its turn
     */
    public Pulse(Executor workers, Duration limit) {
        this.workers = workers;
        this.limit = limit;
    }

    /** {@return what is wrong; empty if the threads work, or haven't been asked long enough ago} */
    public synchronized Optional<String> problem() {
        long now = System.nanoTime();
        if (!waiting) {
            waiting = true;
            since = now;
            workers.execute(this::begun);
        }
        long seconds = Duration.ofNanos(now - since).toSeconds();
        return seconds <= limit.toSeconds() ? Optional.empty() : Optional.of("no work has begun for " + seconds + " s");
    }

    private synchronized void begun() {
        waiting = false;
    }
}
