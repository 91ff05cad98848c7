package io.inpod.hbone.identity;

import java.io.IOException;
import java.time.Clock;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;

/**
 * Fetches certificates from a CA when they are first needed, or before, and renews them at half of their lifetime. Thread-safe.
 *
 * <p>At most eight fetches run concurrently. The others wait in this order: certificates that a connection waits for, then
 * {@link #prefetch}, then renewals. After a failure the next attempt follows half a second later, then after twice as long each time, up to
 * 150 seconds (each ±20 %); requests in between fail with the last failure. If a renewal fails, the old certificate remains in force until
 * it expires.
 */
public final class CertificateFetcher implements CertificateSource, AutoCloseable {
    private final FetchQueue queue;

    /** Fetches one certificate from the CA. */
    @FunctionalInterface
    public interface Fetch {
        /**
         * Starts fetching a new certificate; must not block.
         *
         * @param identity the certificate's identity
         * @return completes on any thread, within a time that the implementation bounds
         */
        CompletionStage<WorkloadCertificate> fetch(SpiffeId identity);
    }

    /**
     * Creates a fetcher without certificates.
     *
     * @param fetch fetches from the CA
     * @param timer schedules renewals and retries; remains the caller's
     */
    public CertificateFetcher(Fetch fetch, ScheduledExecutorService timer) {
        this(fetch, timer, Clock.systemUTC(), FetchQueue.FIRST_BACKOFF_NANOS);
    }

    CertificateFetcher(Fetch fetch, ScheduledExecutorService timer, Clock clock, long firstBackoffNanos) {
        this.queue = new FetchQueue(Objects.requireNonNull(fetch, "fetch")::fetch, Objects.requireNonNull(timer, "timer"), clock,
                firstBackoffNanos);
    }

    /**
     * Fetches a certificate before it is needed, and renews it from then on.
     *
     * @param identity the certificate's identity
     */
    public void prefetch(SpiffeId identity) {
        queue.prefetch(identity);
    }

    /**
     * Drops a certificate and stops renewing it; pending requests fail.
     *
     * @param identity the identity to forget
     */
    public void forget(SpiffeId identity) {
        queue.forget(identity);
    }

    /**
     * Returns the certificate if it was fetched; {@link #request} waits for it.
     *
     * @param identity the workload's identity
     * @throws IOException if the certificate wasn't fetched (yet), or has expired; the message says why
     */
    @Override
    public WorkloadCertificate certificate(SpiffeId identity) throws IOException {
        return queue.current(identity);
    }

    @Override
    public CompletionStage<WorkloadCertificate> request(SpiffeId identity) {
        return queue.request(identity);
    }

    /** Forgets all certificates and stops fetching; pending requests fail. */
    @Override
    public void close() {
        queue.close();
    }
}
