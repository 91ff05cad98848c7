package io.inpod.examples.nodeagent.enrol;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;

/**
 * Work on pods: never two pieces at once on the same pod, while different pods don't wait for each other. Several requests for work on a
 * pod that hasn't begun are one. Work that waits for an answer occupies no thread meanwhile. Thread-safe.
 */
final class WorkQueue {
    private final Executor workers;
    private final Function<String, CompletableFuture<?>> work;
    /** Pods on which work has been requested, and not ended. */
    private final Set<String> busy = new HashSet<>();
    /** Those of them on which more work has been requested since it began. */
    private final Set<String> again = new HashSet<>();
    private final Set<String> begun = new HashSet<>();

    /**
     * Creates an empty queue.
     *
     * @param workers runs the work
     * @param work works on a pod; the result ends when it is done
     */
    WorkQueue(Executor workers, Function<String, CompletableFuture<?>> work) {
        this.workers = workers;
        this.work = work;
    }

    /** Requests work on a pod. It begins after this call; what is known then counts. */
    void add(String uid) {
        synchronized (this) {
            if (!busy.add(uid)) {
                if (begun.contains(uid)) {
                    again.add(uid);
                }
                return;
            }
        }
        execute(uid);
    }

    private void execute(String uid) {
        try {
            workers.execute(() -> begin(uid));
        } catch (RejectedExecutionException e) {
            synchronized (this) { // the agent ends
                busy.remove(uid);
            }
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored")
    private void begin(String uid) {
        synchronized (this) {
            begun.add(uid);
        }
        work.apply(uid).whenComplete((result, failure) -> end(uid));
    }

    private void end(String uid) {
        synchronized (this) {
            begun.remove(uid);
            if (!again.remove(uid)) {
                busy.remove(uid);
                return;
            }
        }
        execute(uid);
    }
}
