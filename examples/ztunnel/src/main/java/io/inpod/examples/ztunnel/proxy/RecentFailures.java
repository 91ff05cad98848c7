package io.inpod.examples.ztunnel.proxy;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * The workloads to which a pod couldn't be connected in the last ten seconds, by their keys: not every client has to find that out for
 * itself. Bounded. Thread-safe.
 */
final class RecentFailures {
    private static final long MEMORY_NANOS = 10_000_000_000L;
    private static final int MOST = 1000;

    private final Map<String, Long> times = new ConcurrentHashMap<>();
    private final LongSupplier nanos;

    /** {@code nanos} is {@link System#nanoTime}. */
    RecentFailures(LongSupplier nanos) {
        this.nanos = nanos;
    }

    void add(String uid) {
        if (times.size() < MOST || times.containsKey(uid)) {
            times.put(uid, nanos.getAsLong());
        }
    }

    /** The workload has been reached. */
    void remove(String uid) {
        if (!times.isEmpty()) {
            times.remove(uid);
        }
    }

    Set<String> get() {
        if (times.isEmpty()) {
            return Set.of();
        }
        long now = nanos.getAsLong();
        times.values().removeIf(time -> now - time > MEMORY_NANOS);
        return Set.copyOf(times.keySet());
    }
}
