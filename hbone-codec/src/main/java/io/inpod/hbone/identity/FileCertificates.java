package io.inpod.hbone.identity;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The certificate of one identity from PEM files, reloaded when they change: files of SPIRE's helper, cert-manager or a mounted Kubernetes
 * secret. Thread-safe.
 *
 * <p>Files are compared by content, so that neither a switched link nor a coarse timestamp hides a change. A half-written set (a key that
 * doesn't belong to the certificate) isn't used, nor is one that has expired; the last good set stays in force until the three files fit
 * together again, or until it expires.
 */
public final class FileCertificates implements CertificateSource, AutoCloseable {
    private static final Duration LONGEST_INTERVAL = Duration.ofDays(366);

    private final PemFiles files;
    private final Consumer<IOException> problems;
    private final SpiffeId identity;
    private final Clock clock;
    private final Future<?> watching;
    private volatile Used current;
    private Told told = Told.NOTHING;

    private record Used(WorkloadCertificate certificate, Validity validity) {}

    private enum Told {
        NOTHING, LAST_THIRD, EXPIRED
    }

    private FileCertificates(PemFiles files, Used first, SpiffeId identity, ScheduledExecutorService executor, Duration interval,
            Consumer<IOException> problems, Clock clock) {
        this.files = files;
        this.current = first;
        this.identity = identity;
        this.problems = problems;
        this.clock = clock;
        this.watching = executor.scheduleWithFixedDelay(this::look, interval.toNanos(), interval.toNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Reads the files now, and again in intervals until {@link #close}. Blocks on files.
     *
     * @param chain the certificate and its intermediates, PEM
     * @param key the certificate's key, PKCS#8 PEM ({@code BEGIN PRIVATE KEY}), ECDSA or RSA
     * @param roots the trust anchors, PEM
     * @param executor reads the files; remains the caller's
     * @param interval the time between two reads, positive and at most a year
     * @param problems receives changes that can't be used, on the executor; must not throw. It is also told, once each, that a third of the
     *     certificate's life is left, and that it has expired
     * @return a source for exactly the identity in the certificate
     * @throws IllegalArgumentException if the interval is out of range
     * @throws IOException if the files can't be read or don't fit together, or the certificate isn't valid now; the message says which
     */
    public static FileCertificates watch(Path chain, Path key, Path roots, ScheduledExecutorService executor, Duration interval,
            Consumer<IOException> problems) throws IOException {
        return watch(chain, key, roots, executor, interval, problems, Clock.systemUTC());
    }

    static FileCertificates watch(Path chain, Path key, Path roots, ScheduledExecutorService executor, Duration interval,
            Consumer<IOException> problems, Clock clock) throws IOException {
        if (interval.isNegative() || interval.isZero() || interval.compareTo(LONGEST_INTERVAL) > 0) {
            throw new IllegalArgumentException("interval must be positive and at most a year (366 days): " + interval);
        }
        PemFiles files = new PemFiles(chain, key, roots);
        files.changed();
        Used first = usable(files, clock);
        return new FileCertificates(files, first, PemFiles.identity(first.certificate(), chain), executor, interval, problems, clock);
    }

    private static Used usable(PemFiles files, Clock clock) throws IOException {
        WorkloadCertificate certificate = files.parse();
        Validity validity = Validity.of(certificate);
        validity.check(clock.instant(), files.chain());
        return new Used(certificate, validity);
    }

    private void look() {
        try {
            if (files.changed()) {
                Used fresh = usable(files, clock);
                SpiffeId now = PemFiles.identity(fresh.certificate(), files.chain());
                if (!now.equals(identity)) {
                    throw new IOException(files.chain() + " has become a certificate of " + now + "; it was one of " + identity);
                }
                current = fresh;
                told = Told.NOTHING;
            }
        } catch (IOException e) {
            problems.accept(e);
        } catch (RuntimeException e) { // else the executor would never look again
            problems.accept(new IOException(files.chain() + " can't be read: " + e, e));
        }
        tellOfExpiry();
    }

    private void tellOfExpiry() {
        Instant now = clock.instant();
        Validity validity = current.validity();
        if (now.isAfter(validity.until())) {
            tell(Told.EXPIRED, validity.expired(files.chain()));
        } else if (!now.isBefore(validity.lastThird())) {
            tell(Told.LAST_THIRD, new IOException(files.chain() + " is valid until " + validity.until() + " and hasn't been replaced yet"));
        }
    }

    private void tell(Told what, IOException problem) {
        if (told.compareTo(what) < 0) {
            told = what;
            problems.accept(problem);
        }
    }

    @Override
    public WorkloadCertificate certificate(SpiffeId wanted) throws IOException {
        if (!wanted.equals(identity)) {
            throw new IOException(files.chain() + " is a certificate of " + identity + ", not of " + wanted);
        }
        Used used = current;
        if (clock.instant().isAfter(used.validity().until())) {
            throw used.validity().expired(files.chain());
        }
        return used.certificate();
    }

    /** Stops watching the files; the last certificate stays in force. */
    @Override
    public void close() {
        watching.cancel(false);
    }
}
