package io.inpod.hbone.identity;

import java.io.IOException;
import java.time.Clock;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;

/**
 * Certificates from a CA elsewhere: fetched when they are first needed, or before, and renewed at half of their lifetime. Thread-safe.
 *
 * <p>At most eight fetches run at once. Of those that wait the one with the highest priority goes first: a connection waits for it, then
 * {@link #prefetch}, then renewals. After a failure an identity is left alone for half a second, then for twice as long each time,
 * up to 150 seconds (each ±20 %); who asks meanwhile hears the last failure. A renewal that fails leaves the old certificate in force until it
 * expires.
 */
public final class CertificateFetcher implements CertificateSource, AutoCloseable {
    private final FetchQueue queue;

    /** Asks a CA. */
    @FunctionalInterface
    public interface Fetch {
        /**
         * Starts to fetch a new certificate; must not block.
         *
         * @param identity for whom
         * @return completes on any thread, and within a time that the implementation bounds
         */
        CompletionStage<WorkloadCertificate> fetch(SpiffeId identity);
    }

    /**
     * Starts without certificates.
     *
     * @param fetch asks the CA
     * @param timer for renewals and retries; stays the caller's
     */
    public CertificateFetcher(Fetch fetch, ScheduledExecutorService timer) {
        this(fetch, timer, Clock.systemUTC(), FetchQueue.FIRST_BACKOFF_NANOS);
    }

    CertificateFetcher(Fetch fetch, ScheduledExecutorService timer, Clock clock, long firstBackoffNanos) {
        this.queue = new FetchQueue(Objects.requireNonNull(fetch)::fetch, Objects.requireNonNull(timer), clock, firstBackoffNanos);
    }

    /**
     * Fetches a certificate before anybody needs it, and keeps it fresh from now on.
     *
     * @param identity whose certificate
     */
    public void prefetch(SpiffeId identity) {
        queue.prefetch(identity);
    }

    /**
     * Drops a certificate and stops to renew it. Who waits for it hears of that.
     *
     * @param identity whose certificate
     */
    public void forget(SpiffeId identity) {
        queue.forget(identity);
    }

    /**
     * The certificate if it is there; {@link #request} waits for one that isn't.
     *
     * @param identity whose certificate
     * @throws IOException if it isn't there (yet), or has expired; the message says why
     */
    @Override
    public WorkloadCertificate certificate(SpiffeId identity) throws IOException {
        return queue.current(identity);
    }

    @Override
    public CompletionStage<WorkloadCertificate> request(SpiffeId identity) {
        return queue.request(identity);
    }

    /** Forgets everything. */
    @Override
    public void close() {
        queue.close();
    }
}
