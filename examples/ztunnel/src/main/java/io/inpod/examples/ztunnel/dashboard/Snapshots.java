package io.inpod.examples.ztunnel.dashboard;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Makes snapshots, and keeps the last one: the next has rates because of it. On the admin port's thread. */
final class Snapshots {
    /** While somebody looks, the last one isn't older. */
    private static final long FRESH_NANOS = TimeUnit.MILLISECONDS.toNanos(1500);

    private final Sources sources;
    private final LongSupplier nanoTime;
    private @Nullable Snapshot last;

    Snapshots(Sources sources, LongSupplier nanoTime) {
        this.sources = sources;
        this.nanoTime = nanoTime;
    }

    /** Returns the last one, or a new one if that is too old. */
    Snapshot current() {
        Snapshot known = last;
        return known != null && nanoTime.getAsLong() - known.nanos() < FRESH_NANOS ? known : next();
    }

    Snapshot next() {
        Snapshot made = Snapshot.of(sources, nanoTime.getAsLong(), last);
        last = made;
        return made;
    }

    /** Nobody looks any more: connections that end now needn't be kept. */
    void forget() {
        last = null;
    }
}
