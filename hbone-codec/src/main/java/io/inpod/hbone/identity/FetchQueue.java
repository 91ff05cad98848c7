package io.inpod.hbone.identity;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Schedules the fetching of certificates. Thread-safe; never runs the caller's code under the lock. */
final class FetchQueue {
    /** Half a second. */
    static final long FIRST_BACKOFF_NANOS = 500_000_000L;

    private static final long LAST_BACKOFF_NANOS = 150_000_000_000L;
    private static final int AT_ONCE = 8;
    private static final int REAL_TIME = 0;
    private static final int WARM_UP = 1;
    private static final int BACKGROUND = 2;

    private final Function<SpiffeId, CompletionStage<WorkloadCertificate>> fetch;
    private final ScheduledExecutorService timer;
    private final Clock clock;
    private final long firstBackoff;
    private final boolean onlyUsed;
    private final Map<SpiffeId, FetchEntry> entries = new HashMap<>();
    private final PriorityQueue<FetchEntry> waiting =
            new PriorityQueue<>(Comparator.<FetchEntry>comparingInt(e -> e.priority).thenComparingLong(e -> e.order));
    private long orders;
    private int running;
    private boolean closed;

    FetchQueue(Function<SpiffeId, CompletionStage<WorkloadCertificate>> fetch, ScheduledExecutorService timer, Clock clock,
            long firstBackoffNanos, boolean onlyUsed) {
        this.fetch = fetch;
        this.timer = timer;
        this.clock = clock;
        this.firstBackoff = firstBackoffNanos;
        this.onlyUsed = onlyUsed;
    }

    /** Fetches with the priority of a certificate that isn't needed yet. */
    void prefetch(SpiffeId identity) {
        synchronized (this) {
            FetchEntry entry = entry(identity);
            if (closed || entry.certificate != null || entry.failure != null) {
                return;
            }
            enqueue(entry, WARM_UP);
        }
        pump();
    }

    /** Fetches as {@link #prefetch} does, until the last use has ended. */
    CertificateSource.Use use(SpiffeId identity) {
        CertificateSource.Use use = allow(identity);
        prefetch(identity);
        return use;
    }

    /** The same without fetching. */
    CertificateSource.Use allow(SpiffeId identity) {
        FetchEntry entry;
        synchronized (this) {
            if (closed) {
                return () -> {};
            }
            entry = entry(identity);
            entry.uses++;
        }
        AtomicBoolean ended = new AtomicBoolean();
        return () -> {
            if (!ended.getAndSet(true)) {
                endUse(entry);
            }
        };
    }

    private void endUse(FetchEntry entry) {
        synchronized (this) {
            if (--entry.uses > 0 || entries.get(entry.identity) != entry) {
                return;
            }
            drop(entry);
        }
        answer(entry, null, unwanted(entry.identity));
    }

    /** Fetches what has been fetched or is being fetched. */
    void renewAll() {
        synchronized (this) {
            for (FetchEntry entry : entries.values()) {
                entry.outdated = entry.fetching;
                if (entry.certificate != null) {
                    enqueue(entry, BACKGROUND);
                }
            }
        }
        pump();
    }

    synchronized List<CertificateStatus> statuses() {
        return entries.values().stream().map(entry -> entry.status(clock.instant())).toList();
    }

    /** The valid certificate, if it was fetched. */
    synchronized WorkloadCertificate current(SpiffeId identity) throws IOException {
        FetchEntry entry = entries.get(identity);
        WorkloadCertificate certificate = entry == null ? null : entry.valid(clock.instant());
        if (certificate == null) {
            throw entry == null || entry.certificate == null && entry.failure == null
                    ? new IOException("the certificate of " + identity + " hasn't been fetched yet")
                    : entry.unavailable();
        }
        return certificate;
    }

    /** Fetches with the priority of a waiting connection. */
    CompletionStage<WorkloadCertificate> request(SpiffeId identity) {
        CompletableFuture<WorkloadCertificate> waiter;
        synchronized (this) {
            if (closed) {
                return CompletableFuture.failedFuture(new IOException("the certificate fetcher is closed"));
            }
            if (onlyUsed && !entries.containsKey(identity)) {
                return CompletableFuture.failedFuture(
                        new IOException("nobody uses the identity " + identity + " here, so its certificate isn't fetched"));
            }
            FetchEntry entry = entry(identity);
            WorkloadCertificate certificate = entry.valid(clock.instant());
            if (certificate != null) {
                return CompletableFuture.completedFuture(certificate);
            }
            if (entry.failure != null && !entry.fetching && !entry.queued) {
                return CompletableFuture.failedFuture(entry.unavailable());
            }
            if (entry.waiter == null) {
                entry.waiter = new CompletableFuture<>();
            }
            waiter = entry.waiter;
            enqueue(entry, REAL_TIME);
        }
        pump();
        // A copy, so that one caller's cancellation doesn't affect the others.
        return waiter.thenApply(c -> c);
    }

    /** Drops the certificate; a pending request fails. */
    void forget(SpiffeId identity) {
        FetchEntry entry;
        synchronized (this) {
            entry = entries.get(identity);
            if (entry == null) {
                return;
            }
            drop(entry);
        }
        answer(entry, null, unwanted(identity));
    }

    private void drop(FetchEntry entry) {
        entries.remove(entry.identity);
        waiting.remove(entry);
        if (entry.alarm != null) {
            entry.alarm.cancel(false);
        }
    }

    private static IOException unwanted(SpiffeId identity) {
        return new IOException("the certificate of " + identity + " is no longer wanted");
    }

    /** Forgets all certificates, and fetches none from now on. */
    void close() {
        List<SpiffeId> all;
        synchronized (this) {
            closed = true;
            all = new ArrayList<>(entries.keySet());
        }
        all.forEach(this::forget);
    }

    private FetchEntry entry(SpiffeId identity) {
        return entries.computeIfAbsent(identity, FetchEntry::new);
    }

    private void enqueue(FetchEntry entry, int priority) {
        if (entry.fetching || entry.queued && entry.priority <= priority) {
            return;
        }
        waiting.remove(entry);
        entry.queued = true;
        entry.priority = priority;
        entry.order = orders++;
        waiting.add(entry);
    }

    private void pump() {
        while (true) {
            FetchEntry next;
            synchronized (this) {
                if (running >= AT_ONCE || waiting.isEmpty()) {
                    return;
                }
                next = waiting.remove();
                next.queued = false;
                next.fetching = true;
                running++;
            }
            CompletionStage<WorkloadCertificate> stage;
            try {
                stage = fetch.apply(next.identity);
            } catch (RuntimeException e) {
                stage = CompletableFuture.failedFuture(e);
            }
            stage.whenComplete((certificate, problem) -> fetched(next, certificate, problem));
        }
    }

    private void fetched(FetchEntry entry, @Nullable WorkloadCertificate certificate, @Nullable Throwable problem) {
        IOException failure = certificate == null ? entry.failure(problem) : entry.wrong(certificate, clock.instant());
        IOException told = null;
        synchronized (this) {
            running--;
            entry.fetching = false;
            if (entries.get(entry.identity) == entry) {
                entry.failure = failure;
                if (failure == null && certificate != null) {
                    entry.certificate = certificate;
                    entry.until = certificate.validUntil();
                    entry.failures = 0;
                } else {
                    told = entry.unavailable();
                }
                schedule(entry, failure == null ? untilRenewal(entry.until) : backoff(entry.failures++));
            } else {
                told = unwanted(entry.identity);
            }
        }
        answer(entry, certificate, told);
        pump();
    }

    private void schedule(FetchEntry entry, long nanos) {
        if (entry.alarm != null) {
            entry.alarm.cancel(false); // of a renewal that didn't wait for it
        }
        long delay = entry.outdated ? 0 : nanos;
        entry.outdated = false;
        try {
            entry.alarm = timer.schedule(() -> renew(entry), delay, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            // The caller's timer is shut down: no further renewals.
        }
    }

    private void answer(FetchEntry entry, @Nullable WorkloadCertificate certificate, @Nullable IOException failure) {
        CompletableFuture<WorkloadCertificate> waiter;
        synchronized (this) {
            waiter = entry.waiter;
            entry.waiter = null;
        }
        if (waiter != null && failure != null) {
            waiter.completeExceptionally(failure);
        } else if (waiter != null) {
            waiter.complete(certificate);
        }
    }

    private void renew(FetchEntry entry) {
        synchronized (this) {
            if (entries.get(entry.identity) != entry) {
                return;
            }
            enqueue(entry, BACKGROUND);
        }
        pump();
    }

    /** Of the time that is left, not of the whole lifetime: a CA may have put the beginning far back. */
    private long untilRenewal(Instant until) {
        double part = ThreadLocalRandom.current().nextDouble(0.4, 0.5);
        double millis = Duration.between(clock.instant(), until).toMillis() * part;
        return Math.max(firstBackoff, TimeUnit.MILLISECONDS.toNanos((long) millis));
    }

    private long backoff(int failures) {
        long nanos = Math.min(LAST_BACKOFF_NANOS, firstBackoff << Math.min(failures, 30));
        return (long) (nanos * ThreadLocalRandom.current().nextDouble(0.8, 1.2));
    }
}
