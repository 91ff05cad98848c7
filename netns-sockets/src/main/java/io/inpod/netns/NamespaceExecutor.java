package io.inpod.netns;

import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * A few platform threads that enter namespaces on behalf of callers that can't or shouldn't do so themselves: virtual threads and event
 * loops. Each hand-over costs tens of microseconds, {@link NetworkNamespace#call} about one. A platform thread that may block for a
 * moment should use the latter.
 *
 * <p>Thread-safe. All threads are started when the executor is created, outside any namespace. A thread that can't return from a
 * namespace ends and isn't replaced; the executor ends with the last one.
 */
public final class NamespaceExecutor implements AutoCloseable {
    private final LinkedBlockingQueue<Task<?>> queue = new LinkedBlockingQueue<>();
    private final Task<?> end = new Task<>(null, () -> "end");
    private final Thread[] threads;
    private int alive;
    private boolean closed;

    private NamespaceExecutor(int count, ThreadFactory factory) {
        threads = new Thread[count];
        alive = count;
        for (int i = 0; i < count; i++) {
            Thread thread = factory.newThread(this::work);
            if (thread == null || ThreadNamespace.isVirtual(thread)) {
                throw new IllegalArgumentException("the thread factory must create platform threads, not " + thread);
            }
            threads[i] = thread;
        }
    }

    /**
     * Creates an executor and starts its threads.
     *
     * @param threads the number of threads, 1 to 64
     * @param factory creates the threads: platform threads that haven't been started
     * @return the executor, to be closed by the caller
     * @throws IllegalArgumentException if the count is out of range, or the factory creates virtual threads or none
     * @throws IllegalStateException if the calling thread is inside a namespace, where the new threads would stay forever
     */
    public static NamespaceExecutor create(int threads, ThreadFactory factory) {
        if (threads < 1 || threads > 64) {
            throw new IllegalArgumentException("1 to 64 threads, not " + threads);
        }
        if (ThreadNamespace.isSwitched() || Visit.callingThreadLivesInANamespace()) {
            throw new IllegalStateException("create the executor outside any namespace: its threads would stay in this one");
        }
        NamespaceExecutor executor = new NamespaceExecutor(threads, factory);
        try {
            for (Thread thread : executor.threads) {
                thread.start();
            }
        } catch (RuntimeException | Error e) { // for instance because the system can't create another thread
            executor.close();
            throw e;
        }
        return executor;
    }

    /**
     * Runs a short piece of work inside a namespace, on one of the threads. May be called from any thread and never blocks.
     *
     * @param namespace the namespace to enter; must stay open until the work has begun
     * @param body creates sockets and nothing else, see {@link NamespaceBody}
     * @param <T> the type of the body's result
     * @return completed by the executor's thread, outside the namespace, with the body's result, or with what the body or
     *     {@link NetworkNamespace#call} threw. Dependent work that may block must run on another executor. Cancelling the future doesn't
     *     stop the body; a caller that no longer wants the socket closes it on completion
     * @throws RejectedExecutionException if the executor is closed or has lost all its threads
     */
    public <T> CompletionStage<T> call(NetworkNamespace namespace, NamespaceBody<T, ?> body) {
        Task<T> task = new Task<>(namespace, body);
        synchronized (this) {
            if (closed) {
                throw new RejectedExecutionException("the executor is closed");
            }
            if (alive == 0) {
                throw new RejectedExecutionException("each of the executor's " + threads.length + " threads has been lost in a namespace");
            }
            queue.add(task);
        }
        return task.result.minimalCompletionStage();
    }

    /** {@return the number of threads that are working or idle; fewer than at the start if some were lost} */
    public synchronized int threads() {
        return alive;
    }

    private void work() {
        for (;;) {
            Task<?> task;
            try {
                task = queue.take();
            } catch (InterruptedException e) {
                continue; // only close() ends this thread
            }
            if (task == end) {
                return;
            }
            NamespaceLostError lost = task.run();
            if (lost != null) {
                retire(lost);
                task.result.completeExceptionally(lost);
                return;
            }
        }
    }

    private void retire(NamespaceLostError lost) {
        synchronized (this) {
            alive--;
            if (alive > 0) {
                return;
            }
        }
        for (Task<?> task = queue.poll(); task != null; task = queue.poll()) {
            task.result.completeExceptionally(lost);
        }
    }

    /**
     * Accepts no more work, finishes the queued work, and waits until the threads have ended. If the calling thread is interrupted, it
     * stops waiting and stays interrupted. Closing twice does nothing.
     *
     * @throws IllegalStateException if one of the executor's own threads calls it, which would wait for itself
     */
    @Override
    public void close() {
        if (Arrays.asList(threads).contains(Thread.currentThread())) {
            throw new IllegalStateException("the executor's own thread \"" + Thread.currentThread().getName()
                    + "\" can't wait for its end: close it on another one");
        }
        synchronized (this) {
            if (!closed) {
                closed = true;
                for (int i = 0; i < alive; i++) {
                    queue.add(end);
                }
            }
        }
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static final class Task<T> {
        private final @Nullable NetworkNamespace namespace;
        private final NamespaceBody<T, ?> body;
        private final CompletableFuture<T> result = new CompletableFuture<>();

        Task(@Nullable NetworkNamespace namespace, NamespaceBody<T, ?> body) {
            this.namespace = namespace;
            this.body = body;
        }

        @Nullable
        NamespaceLostError run() {
            T created;
            try {
                created = Objects.requireNonNull(namespace).call(body);
            } catch (NamespaceLostError e) {
                return e;
            } catch (Throwable e) {
                result.completeExceptionally(e);
                return null;
            }
            result.complete(created);
            return null;
        }
    }
}
