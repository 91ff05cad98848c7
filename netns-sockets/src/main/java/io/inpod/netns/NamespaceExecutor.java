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
 * A few platform threads that enter namespaces on behalf of callers who can't or shouldn't themselves: virtual threads, event
 * loops. Each hand-over costs tens of microseconds, {@link NetworkNamespace#call} about one, so a platform thread that may block
 * for a moment is better off with that.
 *
 * <p>Thread-safe. All threads are started when it is made, outside of any namespace. A thread that can't return from a namespace
 * ends and is not replaced; with the last one, the executor ends.
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
                throw new IllegalArgumentException("the thread factory must make platform threads, not " + thread);
            }
            threads[i] = thread;
        }
    }

    /**
     * Makes an executor and starts its threads.
     *
     * @param threads how many, 1 to 64
     * @param factory makes them, not started: platform threads
     * @return the executor, to be closed by the caller
     * @throws IllegalArgumentException if the count is out of range, or the factory makes virtual threads or none
     * @throws IllegalStateException if the calling thread is inside a namespace, where the new threads would stay for ever
     */
    public static NamespaceExecutor create(int threads, ThreadFactory factory) {
        if (threads < 1 || threads > 64) {
            throw new IllegalArgumentException("1 to 64 threads, not " + threads);
        }
        if (ThreadNamespace.isSwitched()) {
            throw new IllegalStateException("make the executor outside of any namespace: its threads would stay in this one");
        }
        NamespaceExecutor executor = new NamespaceExecutor(threads, factory);
        try {
            for (Thread thread : executor.threads) {
                thread.start();
            }
        } catch (RuntimeException | Error e) { // such as: the system has no room for another thread
            executor.close();
            throw e;
        }
        return executor;
    }

    /**
     * Runs a short piece of work inside a namespace, on one of the threads. May be called from any thread and never blocks.
     *
     * @param namespace where; must stay open until the work has begun
     * @param body creates sockets and nothing else, see {@link NamespaceBody}
     * @param <T> what the body makes
     * @return completed by the executor's thread, outside of the namespace, with what the body made, or with what it or
     *     {@link NetworkNamespace#call} threw; what depends on it and may block belongs on another executor. Cancelling its future
     *     doesn't stop the body: who doesn't want the socket any more closes it when it comes
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

    /** {@return how many of its threads are at work or ready for it; fewer than it was made with if some were lost} */
    public synchronized int threads() {
        return alive;
    }

    private void work() {
        for (; ; ) {
            Task<?> task;
            try {
                task = queue.take();
            } catch (InterruptedException e) {
                continue; // whoever wants this thread to end closes the executor
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
     * Takes no more work, finishes what it has, and waits until its threads have ended. If the calling thread is interrupted, it
     * stops waiting and stays interrupted. Closing twice does nothing.
     *
     * @throws IllegalStateException if one of its own threads calls it, which would wait for itself
     */
    @Override
    public void close() {
        if (Arrays.asList(threads).contains(Thread.currentThread())) {
            throw new IllegalStateException("the executor's own thread \"" + Thread.currentThread().getName() + "\" can't wait for its end: close it on another one");
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

        @Nullable NamespaceLostError run() {
            T made;
            try {
                made = Objects.requireNonNull(namespace).call(body);
            } catch (NamespaceLostError e) {
                return e;
            } catch (Throwable e) {
                result.completeExceptionally(e);
                return null;
            }
            result.complete(made);
            return null;
        }
    }
}
