package io.inpod.netns;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Whether a thread is in a namespace for a good reason: for a body, or because it lives there. {@link StrayThreads} leaves it alone then.
 */
final class Visit {
    private static final ThreadLocal<@Nullable Visit> OF_THREAD = new ThreadLocal<>();
    private static final Map<Thread, Visit> ALL = Collections.synchronizedMap(new WeakHashMap<>());

    private static final Map<NamespaceIdentity, Long> LEFT = new ConcurrentHashMap<>();
    private static final long FORGET_NANOS = 60_000_000_000L;

    private final long tid;
    private volatile @Nullable NamespaceIdentity home;
    private volatile int depth;
    private volatile long changes;

    private Visit(long tid) {
        this.tid = tid;
    }

    /** The visit of the calling thread, which must be a platform thread. */
    static Visit ofCallingThread() throws IOException {
        Visit known = OF_THREAD.get();
        if (known != null) {
            return known;
        }
        ThreadNamespace.refuseVirtualThread(); // its carrier would have the id below
        Visit first = new Visit(Long.parseLong(Files.readSymbolicLink(Path.of("/proc/thread-self")).getFileName().toString()));
        ALL.put(Thread.currentThread(), first);
        OF_THREAD.set(first);
        return first;
    }

    /** All threads that have ever been in a namespace, and live, by their id in /proc. */
    static Map<Long, Visit> byThread() {
        Map<Long, Visit> found = new HashMap<>();
        synchronized (ALL) {
            ALL.forEach((thread, visit) -> {
                if (thread.isAlive()) {
                    found.put(visit.tid, visit);
                }
            });
        }
        return found;
    }

    /** To be called before the thread enters a namespace. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // only its own thread changes it
    void begin() {
        changes++;
        depth++;
    }

    /** To be called when the thread has returned. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    void end() {
        depth--;
    }

    /** The thread lives in a namespace until it ends. */
    void settle(NamespaceIdentity namespace) {
        home = namespace;
    }

    /** Whether the calling thread, and all that it starts, live in a namespace, see {@link NamespaceThreads}. */
    static boolean callingThreadLivesInANamespace() {
        Visit known = OF_THREAD.get();
        return known != null && known.home != null;
    }

    /** The thread, which lives in a namespace, is about to end. Threads that it has started may live on. */
    static void ends() {
        Visit known = OF_THREAD.get();
        NamespaceIdentity left = known == null ? null : known.home;
        if (left != null) {
            long now = System.nanoTime();
            LEFT.values().removeIf(moment -> now - moment > FORGET_NANOS);
            LEFT.put(left, now);
        }
    }

    /** Whether threads that are meant to live in a namespace do so, or have done so since a moment, by {@link System#nanoTime}. */
    static boolean isHome(NamespaceIdentity namespace, long sinceNanos) {
        if (byThread().values().stream().anyMatch(visit -> namespace.equals(visit.home))) {
            return true;
        }
        Long left = LEFT.get(namespace); // was set before the thread ended
        return left != null && left - sinceNanos >= 0;
    }

    boolean isInside() {
        return depth > 0;
    }

    /** How often the thread has entered a namespace. */
    long changes() {
        return changes;
    }
}
