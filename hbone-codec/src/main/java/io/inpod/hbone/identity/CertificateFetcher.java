package io.inpod.hbone.identity;

import java.io.IOException;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;

/**
 * Fetches certificates from a CA when they are first needed, or before, and renews them when about half of their time is over (40 to 50 %,
 * at random, so that not all come at once). Thread-safe.
 *
 * <p>At most eight fetches run concurrently. The others wait in this order: certificates that a connection waits for, then
 * {@link #prefetch} and {@link #use}, then renewals. After a failure the next attempt follows half a second later, then after twice as long
 * each time, up to 150 seconds (each ±20 %); requests in between fail with the last failure. If a renewal fails, the old certificate
 * remains in force until it expires; from then on requests fail with a message that names the identity, the expiry and the last failure.
 * What the CA returns is not used unless it has the requested identity and is valid.
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
     * Creates a fetcher without certificates, which fetches that of any identity.
     *
     * @param fetch fetches from the CA
     * @param timer schedules renewals and retries; remains the caller's
     */
    public CertificateFetcher(Fetch fetch, ScheduledExecutorService timer) {
        this(fetch, timer, Clock.systemUTC(), FetchQueue.FIRST_BACKOFF_NANOS, false);
    }

    CertificateFetcher(Fetch fetch, ScheduledExecutorService timer, Clock clock, long firstBackoffNanos, boolean onlyUsed) {
        this.queue = new FetchQueue(Objects.requireNonNull(fetch, "fetch")::fetch, Objects.requireNonNull(timer, "timer"), clock,
                firstBackoffNanos, onlyUsed);
    }

    /**
     * Creates a fetcher that asks the CA for no identity but those {@linkplain #use in use}: requests for any other fail, even if a
     * connection is late.
     *
     * @param fetch fetches from the CA
     * @param timer schedules renewals and retries; remains the caller's
     * @return a fetcher without certificates
     */
    public static CertificateFetcher ofUsed(Fetch fetch, ScheduledExecutorService timer) {
        return new CertificateFetcher(fetch, timer, Clock.systemUTC(), FetchQueue.FIRST_BACKOFF_NANOS, true);
    }

    /**
     * Fetches a certificate before it is needed, and renews it until {@link #forget}.
     *
     * @param identity the certificate's identity
     */
    public void prefetch(SpiffeId identity) {
        queue.prefetch(identity);
    }

    /** Fetches a certificate before it is needed, and renews it until the last use has ended; then does what {@link #forget} does. */
    @Override
    public Use use(SpiffeId identity) {
        return queue.use(identity);
    }

    @Override
    public Use allow(SpiffeId identity) {
        return queue.allow(identity);
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
     * Fetches all certificates anew, as for a renewal, for example because the CA has other roots now. The old ones stay in force
     * meanwhile.
     */
    public void renewAll() {
        queue.renewAll();
    }

    /** {@return what is known of each identity that was asked for and isn't forgotten, in no particular order} */
    public List<CertificateStatus> statuses() {
        return queue.statuses();
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
