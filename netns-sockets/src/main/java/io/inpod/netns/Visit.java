package io.inpod.netns;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Whether a thread is in a namespace for a good reason: for a body, or because it lives there. {@link StrayThreads} leaves it alone then.
 */
final class Visit {
    private static final ThreadLocal<@Nullable Visit> OF_THREAD = new ThreadLocal<>();
    private static final Map<Thread, Visit> ALL = Collections.synchronizedMap(new WeakHashMap<>());

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

    /** Whether threads live in a namespace that are meant to. */
    static boolean isHome(NamespaceIdentity namespace) {
        return byThread().values().stream().anyMatch(visit -> namespace.equals(visit.home));
    }

    boolean isInside() {
        return depth > 0;
    }

    /** How often the thread has entered a namespace. */
    long changes() {
        return changes;
    }
}
