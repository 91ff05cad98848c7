package io.inpod.netns;

import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.Native;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Threads that live in a network namespace: each enters it before its first step, never leaves it, and ends in it. They are for libraries
 * that open sockets on threads of their own and accept no factory of sockets, such as the JDK's {@code HttpClient}. For everything else,
 * factories are the better choice: one event loop can serve a thousand namespaces, a thread that lives in one serves only that.
 *
 * <p>A thread inherits the namespace of the thread that <em>starts</em> it (see setns(2) and clone(2)). So all threads that such a thread
 * starts are born in its namespace and stay there until they end: a client that is built on such a thread starts its event loops there.
 * They aren't counted here and keep the namespace alive; {@link NamespaceHolder#of} lists them. Give such a client an executor, a thread
 * factory or event loops of its own, and close it before these threads.
 *
 * <p>The reverse holds too: what these threads hand to other threads happens elsewhere. Worse, if they hand work to a pool that the whole
 * process shares, the pool may start a thread for it, which is born in the namespace and runs anybody's tasks there. So they must use
 * neither {@code ForkJoinPool.commonPool()}, nor {@code CompletableFuture}'s methods that end in {@code Async} without an executor, nor
 * virtual threads, nor the {@code sendAsync} of the JDK's {@code HttpClient}, which completes its future on the common pool;
 * {@link #close} reports the threads of such pools.
 *
 * <p>Thread-safe.
 */
public final class NamespaceThreads implements ThreadFactory, AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final long IDLE_SECONDS = 60;

    private final NetworkNamespace namespace;
    private final ThreadFactory factory;
    private final Set<Thread> alive = ConcurrentHashMap.newKeySet();
    private final ExecutorService executor;
    private volatile boolean closed;

    private NamespaceThreads(NetworkNamespace namespace, ThreadFactory factory) {
        this.namespace = namespace;
        this.factory = factory;
        this.executor = new ThreadPoolExecutor(0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), this);
    }

    /**
     * Creates a factory of threads that live in a namespace. It starts none.
     *
     * @param namespace the namespace; may be closed afterwards
     * @param factory creates the threads: platform threads that haven't been started
     * @return the factory, to be closed by the caller
     * @throws IOException if the namespace is closed or can't be entered
     * @throws IllegalStateException on a virtual thread
     */
    public static NamespaceThreads of(NetworkNamespace namespace, ThreadFactory factory) throws IOException {
        namespace.run(() -> {}); // fails now rather than in a thread
        return new NamespaceThreads(namespace.duplicate(), factory);
    }

    /**
     * Creates a thread that lives in the namespace. It enters it when it is started, whichever thread starts it.
     *
     * @param work what it runs
     * @return the thread, not started
     * @throws RejectedExecutionException if this factory is closed
     * @throws IllegalArgumentException if the caller's factory creates virtual threads or none
     */
    @Override
    public Thread newThread(Runnable work) {
        if (closed) {
            throw new RejectedExecutionException("the threads of " + namespace + " are closed");
        }
        Thread thread = factory.newThread(() -> live(work));
        if (thread == null || ThreadNamespace.isVirtual(thread)) {
            throw new IllegalArgumentException("the thread factory must create platform threads, not " + thread);
        }
        return thread;
    }

    /**
     * Returns an executor whose threads live in the namespace. It starts a thread when none is idle, and ends one that was idle for a
     * minute, see {@link java.util.concurrent.Executors#newCachedThreadPool(ThreadFactory)}.
     *
     * @return the executor, the same each time; {@link #close} shuts it down
     */
    public ExecutorService executor() {
        return executor;
    }

    /** {@return the number of threads from this factory that live in the namespace now; those that they have started aren't counted} */
    public int alive() {
        return alive.size();
    }

    private void live(Runnable work) {
        alive.add(Thread.currentThread());
        try {
            if (closed) {
                throw new RejectedExecutionException("the threads of " + namespace + " are closed");
            }
            enter();
            work.run();
        } finally {
            Visit.ends();
            ThreadNamespace.forget();
            alive.remove(Thread.currentThread());
        }
    }

    private void enter() {
        try {
            Visit.ofCallingThread().settle(namespace.identity());
            int fd = namespace.acquire();
            try {
                Native.check(Native.LIBC.setns(fd, Constants.CLONE_NEWNET), "setns", namespace);
            } finally {
                namespace.fd().release();
            }
        } catch (IOException e) {
            throw new IllegalStateException("the thread \"" + Thread.currentThread().getName() + "\" can't live in " + namespace
                    + " and ends: " + e.getMessage(), e);
        }
    }

    /**
     * Creates no more threads, shuts {@link #executor} down, interrupts the threads, and waits until they have ended, for at most ten
     * seconds. If the calling thread is interrupted, it stops waiting and stays interrupted. Closing twice does nothing.
     *
     * @throws IllegalStateException naming the threads that haven't ended: those of an executor or event loop that hasn't been shut down,
     *     and those of fork-join pools, which were born in the namespace; or if one of these threads calls it, which would wait for itself
     */
    @Override
    public void close() {
        closeWithin(PATIENCE);
    }

    void closeWithin(Duration patience) {
        if (alive.contains(Thread.currentThread())) {
            throw new IllegalStateException("the thread \"" + Thread.currentThread().getName()
                    + "\" lives in the namespace and can't wait for its own end: close its owner on another thread");
        }
        closed = true;
        executor.shutdownNow();
        long deadline = System.nanoTime() + patience.toNanos();
        try {
            for (Thread thread : alive) {
                thread.interrupt();
                thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        } finally {
            namespace.close();
        }
        List<String> left = alive.stream().filter(Thread::isAlive).map(Thread::getName).sorted().toList();
        if (!left.isEmpty()) {
            throw new IllegalStateException("threads still live in " + namespace + ": " + left
                    + "; shut down the executors and event loops that use them before");
        }
        List<String> pools = ofPools();
        if (!pools.isEmpty()) {
            throw new IllegalStateException("threads of pools were born in " + namespace + " and may run anybody's tasks there: " + pools
                    + "; threads that live in a namespace must not use such a pool (see NamespaceThreads), as HttpClient.sendAsync does:"
                    + " use send on the executor of these threads instead");
        }
    }

    private List<String> ofPools() {
        try {
            return StrayThreads.ofPools(namespace.identity());
        } catch (IOException e) {
            return List.of(); // too many files open
        }
    }

    @Override
    public String toString() {
        return "threads in " + namespace;
    }
}
