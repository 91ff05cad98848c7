package io.inpod.netns.watch;

import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.error.AlreadyClosedException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reports when a network namespace appears or is gone. The kernel tells nobody about that, so this searches for them at intervals, see
 * {@link FoundNamespace#all}: one that appears and is gone between two searches is missed, and one that has got another name and other
 * processes since the search before is taken for another one. It starts no thread; it searches while {@link #next} waits.
 *
 * <p>{@link #next} may be called by one thread at a time. {@link #close} may be called by any thread, and ends a waiting {@link #next}.
 */
public final class NamespaceWatch implements AutoCloseable {
    private final long interval;
    private final Queue<NamespaceEvent> waiting = new ArrayDeque<>();
    private final Object lock = new Object();
    private Map<NamespaceIdentity, FoundNamespace> known;
    private long searched;
    private boolean closed;

    private NamespaceWatch(long interval) throws IOException {
        this.interval = interval;
        this.known = byIdentity(FoundNamespace.all());
        this.searched = System.nanoTime();
    }

    /**
     * Starts to watch.
     *
     * @param interval the time between two searches, 1 ms to 1 day
     * @return the watch, to be closed by the caller
     * @throws IOException if {@code /proc} can't be read
     * @throws IllegalArgumentException if the interval is out of range
     */
    public static NamespaceWatch open(Duration interval) throws IOException {
        if (interval.compareTo(Duration.ofMillis(1)) < 0 || interval.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException("interval is 1 ms to 1 day, not " + interval);
        }
        return new NamespaceWatch(interval.toNanos());
    }

    /**
     * Returns the namespaces of the latest search: at first those that were there when the watch was opened, later with all changes that
     * {@link #next} has found, also those that it hasn't returned yet.
     *
     * @return the namespaces, by identity
     */
    public List<FoundNamespace> namespaces() {
        synchronized (lock) {
            return List.copyOf(known.values());
        }
    }

    /**
     * Waits for a change.
     *
     * @param timeout how long to wait, at most 292 years; zero waits indefinitely
     * @return the change
     * @throws SocketTimeoutException if there is no change in time
     * @throws AlreadyClosedException if this watch is closed, before or meanwhile
     * @throws InterruptedIOException if the thread is interrupted
     * @throws IOException if {@code /proc} can't be read
     */
    public NamespaceEvent next(Duration timeout) throws IOException {
        long begun = System.nanoTime();
        for (;;) {
            NamespaceEvent event = waiting.poll();
            if (event != null) {
                requireOpen();
                return event;
            }
            long left = timeout.isZero() ? Long.MAX_VALUE : timeout.toNanos() - (System.nanoTime() - begun);
            long pause = interval - (System.nanoTime() - searched);
            if (left <= 0) {
                throw new SocketTimeoutException("no namespace appeared or went within " + timeout.toMillis() + " ms");
            }
            pause(Math.min(left, pause));
            if (pause <= left) {
                search();
            }
        }
    }

    private void pause(long nanos) throws IOException {
        long end = System.nanoTime() + nanos;
        synchronized (lock) {
            requireOpen();
            try {
                for (long left = nanos; left > 0 && !closed; left = end - System.nanoTime()) {
                    TimeUnit.NANOSECONDS.timedWait(lock, Math.max(left, TimeUnit.MILLISECONDS.toNanos(1)));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while watching namespaces");
            }
            requireOpen();
        }
    }

    private void search() throws IOException {
        Map<NamespaceIdentity, FoundNamespace> found = byIdentity(FoundNamespace.all());
        searched = System.nanoTime();
        synchronized (lock) {
            known.forEach((identity, namespace) -> {
                if (!isSame(namespace, found.get(identity))) {
                    waiting.add(new NamespaceEvent.Gone(namespace));
                }
            });
            found.forEach((identity, namespace) -> {
                if (!isSame(namespace, known.get(identity))) {
                    waiting.add(new NamespaceEvent.Appeared(namespace));
                }
            });
            known = found;
        }
    }

    /** The kernel soon gives the identity of a namespace that is gone to another one; the two have no name and no process in common. */
    private static boolean isSame(FoundNamespace one, @Nullable FoundNamespace other) {
        return other != null
                && !(Collections.disjoint(one.names(), other.names()) && Collections.disjoint(one.processes(), other.processes()));
    }

    private static Map<NamespaceIdentity, FoundNamespace> byIdentity(Collection<FoundNamespace> namespaces) {
        Map<NamespaceIdentity, FoundNamespace> found = new LinkedHashMap<>();
        namespaces.forEach(namespace -> found.put(namespace.identity(), namespace));
        return found;
    }

    private void requireOpen() throws AlreadyClosedException {
        synchronized (lock) {
            if (closed) {
                throw new AlreadyClosedException("the watch of namespaces");
            }
        }
    }

    /** Stops watching and ends a waiting {@link #next}. Closing twice does nothing. */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            lock.notifyAll();
        }
    }
}
