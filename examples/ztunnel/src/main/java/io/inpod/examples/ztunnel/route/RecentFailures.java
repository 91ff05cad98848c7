package io.inpod.examples.ztunnel.route;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * The workloads to which a pod couldn't be connected in the last ten seconds, by their keys: not every client has to find that out for
 * itself. Bounded. Thread-safe.
 */
public final class RecentFailures {
    private static final long MEMORY_NANOS = 10_000_000_000L;
    private static final int MOST = 1000;

    private final Map<String, Long> times = new ConcurrentHashMap<>();
    private final LongSupplier nanos;

    /**
     * Begins without any.
     *
     * @param nanos {@link System#nanoTime}, or a test's clock
     */
    public RecentFailures(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /**
     * Notes a workload that couldn't be reached.
     *
     * @param uid its key
     */
    public void add(String uid) {
        if (times.size() < MOST || times.containsKey(uid)) {
            times.put(uid, nanos.getAsLong());
        }
    }

    /**
     * Forgets a workload, which has been reached.
     *
     * @param uid its key
     */
    public void remove(String uid) {
        if (!times.isEmpty()) {
            times.remove(uid);
        }
    }

    /** {@return the keys of those that couldn't be reached lately} */
    public Set<String> get() {
        if (times.isEmpty()) {
            return Set.of();
        }
        long now = nanos.getAsLong();
        times.values().removeIf(time -> now - time > MEMORY_NANOS);
        return Set.copyOf(times.keySet());
    }
}
