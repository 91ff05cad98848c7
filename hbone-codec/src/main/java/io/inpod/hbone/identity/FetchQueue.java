package io.inpod.hbone.identity;

import java.io.IOException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
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
    private final Map<SpiffeId, Entry> entries = new HashMap<>();
    private final PriorityQueue<Entry> waiting =
            new PriorityQueue<>(Comparator.<Entry>comparingInt(e -> e.priority).thenComparingLong(e -> e.order));
    private long orders;
    private int running;
    private boolean closed;

    private static final class Entry {
        final SpiffeId identity;
        @Nullable
        WorkloadCertificate certificate;
        @Nullable
        IOException failure;
        @Nullable
        CompletableFuture<WorkloadCertificate> waiter;
        @Nullable
        Future<?> alarm;
        int failures;
        int priority;
        long order;
        boolean queued;
        boolean fetching;

        Entry(SpiffeId identity) {
            this.identity = identity;
        }
    }

    FetchQueue(Function<SpiffeId, CompletionStage<WorkloadCertificate>> fetch, ScheduledExecutorService timer, Clock clock,
            long firstBackoffNanos) {
        this.fetch = fetch;
        this.timer = timer;
        this.clock = clock;
        this.firstBackoff = firstBackoffNanos;
    }

    /** Fetches with the priority of a certificate that isn't needed yet. */
    void prefetch(SpiffeId identity) {
        synchronized (this) {
            Entry entry = entry(identity);
            if (closed || entry.certificate != null || entry.failure != null) {
                return;
            }
            enqueue(entry, WARM_UP);
        }
        pump();
    }

    /** The valid certificate, if it was fetched. */
    synchronized WorkloadCertificate current(SpiffeId identity) throws IOException {
        Entry entry = entries.get(identity);
        WorkloadCertificate certificate = entry == null ? null : valid(entry);
        if (certificate == null) {
            throw entry != null && entry.failure != null ? again(entry.failure)
                    : new IOException("the certificate of " + identity + " hasn't been fetched yet");
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
            Entry entry = entry(identity);
            WorkloadCertificate certificate = valid(entry);
            if (certificate != null) {
                return CompletableFuture.completedFuture(certificate);
            }
            if (entry.failure != null && !entry.fetching && !entry.queued) {
                return CompletableFuture.failedFuture(again(entry.failure));
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
        Entry entry;
        synchronized (this) {
            entry = entries.remove(identity);
            if (entry == null) {
                return;
            }
            waiting.remove(entry);
            if (entry.alarm != null) {
                entry.alarm.cancel(false);
            }
        }
        answer(entry, null, new IOException("the certificate of " + identity + " is no longer wanted"));
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

    private Entry entry(SpiffeId identity) {
        return entries.computeIfAbsent(identity, Entry::new);
    }

    private @Nullable WorkloadCertificate valid(Entry entry) {
        WorkloadCertificate certificate = entry.certificate;
        return certificate != null && clock.instant().isBefore(certificate.chain().get(0).getNotAfter().toInstant()) ? certificate : null;
    }

    private static IOException again(IOException failure) {
        return new IOException(failure.getMessage(), failure);
    }

    private void enqueue(Entry entry, int priority) {
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
            Entry next;
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

    private void fetched(Entry entry, @Nullable WorkloadCertificate certificate, @Nullable Throwable problem) {
        IOException failure = certificate == null ? failure(entry, problem) : wrong(entry, certificate);
        synchronized (this) {
            running--;
            entry.fetching = false;
            if (entries.get(entry.identity) == entry) {
                entry.failure = failure;
                if (failure == null) {
                    entry.certificate = certificate;
                    entry.failures = 0;
                }
                long nanos = failure == null && certificate != null ? untilHalfLife(certificate) : backoff(entry.failures++);
                try {
                    entry.alarm = timer.schedule(() -> renew(entry), nanos, TimeUnit.NANOSECONDS);
                } catch (RejectedExecutionException e) {
                    // The caller's timer is shut down: no further renewals.
                }
            }
        }
        answer(entry, certificate, failure);
        pump();
    }

    private void answer(Entry entry, @Nullable WorkloadCertificate certificate, @Nullable IOException failure) {
        CompletableFuture<WorkloadCertificate> waiter;
        synchronized (this) {
            waiter = entry.waiter;
            entry.waiter = null;
        }
        if (waiter != null && failure != null) {
            waiter.completeExceptionally(again(failure));
        } else if (waiter != null) {
            waiter.complete(certificate);
        }
    }

    private void renew(Entry entry) {
        synchronized (this) {
            if (entries.get(entry.identity) != entry) {
                return;
            }
            enqueue(entry, BACKGROUND);
        }
        pump();
    }

    private static IOException failure(Entry entry, @Nullable Throwable problem) {
        Throwable cause =
                problem instanceof java.util.concurrent.CompletionException && problem.getCause() != null ? problem.getCause() : problem;
        return new IOException("the certificate of " + entry.identity + " can't be fetched: "
                + (cause == null ? "the CA returned none" : cause.getMessage() == null ? cause.toString() : cause.getMessage()), cause);
    }

    private static @Nullable IOException wrong(Entry entry, WorkloadCertificate certificate) {
        try {
            SpiffeId actual = certificate.identity();
            return actual.equals(entry.identity) ? null
                    : new IOException("the CA was asked for a certificate of " + entry.identity + " and returned one of " + actual);
        } catch (CertificateException e) {
            return new IOException("the CA returned a bad certificate for " + entry.identity + ": " + e.getMessage(), e);
        }
    }

    private long untilHalfLife(WorkloadCertificate certificate) {
        X509Certificate leaf = certificate.chain().get(0);
        Instant from = leaf.getNotBefore().toInstant();
        Instant half = from.plus(Duration.between(from, leaf.getNotAfter().toInstant()).dividedBy(2));
        return Math.max(firstBackoff, Duration.between(clock.instant(), half).toNanos());
    }

    private long backoff(int failures) {
        long nanos = Math.min(LAST_BACKOFF_NANOS, firstBackoff << Math.min(failures, 30));
        return (long) (nanos * ThreadLocalRandom.current().nextDouble(0.8, 1.2));
    }
}
