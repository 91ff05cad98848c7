package io.inpod.hbone.identity;

import io.inpod.hbone.identity.CertificateStatus.State;
import java.io.IOException;
import java.security.cert.CertificateException;
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
        Instant until = Instant.MAX;
        @Nullable
        IOException failure;
        @Nullable
        CompletableFuture<WorkloadCertificate> waiter;
        @Nullable
        Future<?> alarm;
        int failures;
        int uses;
        int priority;
        long order;
        boolean queued;
        boolean fetching;
        boolean outdated;

        Entry(SpiffeId identity) {
            this.identity = identity;
        }
    }

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
            Entry entry = entry(identity);
            if (closed || entry.certificate != null || entry.failure != null) {
                return;
            }
            enqueue(entry, WARM_UP);
        }
        pump();
    }

    /** Fetches as {@link #prefetch} does, until the last use has ended. */
    CertificateSource.Use use(SpiffeId identity) {
        Entry entry;
        synchronized (this) {
            if (closed) {
                return () -> {};
            }
            entry = entry(identity);
            entry.uses++;
        }
        prefetch(identity);
        AtomicBoolean ended = new AtomicBoolean();
        return () -> {
            if (!ended.getAndSet(true)) {
                endUse(entry);
            }
        };
    }

    private void endUse(Entry entry) {
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
            for (Entry entry : entries.values()) {
                entry.outdated = entry.fetching;
                if (entry.certificate != null) {
                    enqueue(entry, BACKGROUND);
                }
            }
        }
        pump();
    }

    synchronized List<CertificateStatus> statuses() {
        return entries.values().stream().map(entry -> new CertificateStatus(entry.identity, entry.certificate, entry.failure,
                valid(entry) != null ? State.AVAILABLE
                        : entry.failure != null || entry.certificate != null ? State.UNAVAILABLE : State.INITIALIZING))
                .toList();
    }

    /** The valid certificate, if it was fetched. */
    synchronized WorkloadCertificate current(SpiffeId identity) throws IOException {
        Entry entry = entries.get(identity);
        WorkloadCertificate certificate = entry == null ? null : valid(entry);
        if (certificate == null) {
            throw entry == null || entry.certificate == null && entry.failure == null
                    ? new IOException("the certificate of " + identity + " hasn't been fetched yet")
                    : unavailable(entry);
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
            Entry entry = entry(identity);
            WorkloadCertificate certificate = valid(entry);
            if (certificate != null) {
                return CompletableFuture.completedFuture(certificate);
            }
            if (entry.failure != null && !entry.fetching && !entry.queued) {
                return CompletableFuture.failedFuture(unavailable(entry));
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
            entry = entries.get(identity);
            if (entry == null) {
                return;
            }
            drop(entry);
        }
        answer(entry, null, unwanted(identity));
    }

    private void drop(Entry entry) {
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

    private Entry entry(SpiffeId identity) {
        return entries.computeIfAbsent(identity, Entry::new);
    }

    private @Nullable WorkloadCertificate valid(Entry entry) {
        WorkloadCertificate certificate = entry.certificate;
        return certificate != null && !clock.instant().isAfter(entry.until) ? certificate : null;
    }

    /** Why there is no valid certificate, as a new exception, because it gets to many threads. */
    private static IOException unavailable(Entry entry) {
        IOException failure = entry.failure;
        String why = failure == null ? "its renewal hasn't ended yet" : String.valueOf(failure.getMessage());
        return entry.certificate == null ? new IOException(why, failure)
                : new IOException("the certificate of " + entry.identity + " has expired at " + entry.until + ": " + why, failure);
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
                    told = unavailable(entry);
                }
                schedule(entry, failure == null ? untilRenewal(entry.until) : backoff(entry.failures++));
            } else {
                told = unwanted(entry.identity);
            }
        }
        answer(entry, certificate, told);
        pump();
    }

    private void schedule(Entry entry, long nanos) {
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

    private void answer(Entry entry, @Nullable WorkloadCertificate certificate, @Nullable IOException failure) {
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

    private @Nullable IOException wrong(Entry entry, WorkloadCertificate certificate) {
        try {
            SpiffeId actual = certificate.identity();
            if (!actual.equals(entry.identity)) {
                return new IOException("the CA was asked for a certificate of " + entry.identity + " and returned one of " + actual);
            }
            Validity.of(certificate).check(clock.instant(), "the certificate of " + entry.identity + " that the CA returned");
            return null;
        } catch (IOException e) {
            return e;
        } catch (CertificateException e) {
            return new IOException("the CA returned a bad certificate for " + entry.identity + ": " + e.getMessage(), e);
        }
    }

    /** Of the time that is left, not of the whole lifetime: a CA may have put the beginning far back. */
    private long untilRenewal(Instant until) {
        double part = ThreadLocalRandom.current().nextDouble(0.4, 0.5);
        return Math.max(firstBackoff, (long) (Duration.between(clock.instant(), until).toMillis() * part) * 1_000_000);
    }

    private long backoff(int failures) {
        long nanos = Math.min(LAST_BACKOFF_NANOS, firstBackoff << Math.min(failures, 30));
        return (long) (nanos * ThreadLocalRandom.current().nextDouble(0.8, 1.2));
    }
}
