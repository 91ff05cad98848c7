package io.inpod.hbone.identity;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * One identity's certificate from PEM files, which are read anew when they change; as SPIRE's helper, cert-manager or a mounted Kubernetes secret
 * write them. Thread-safe.
 *
 * <p>Files are compared by content, so that neither links that are switched nor coarse times hide a change. A half-written set (a key that
 * doesn't belong to the certificate) isn't used; the last good one is, until all three fit together again.
 */
public final class FileCertificates implements CertificateSource, AutoCloseable {
    private final PemFiles files;
    private final Consumer<IOException> problems;
    private final SpiffeId identity;
    private final Future<?> watching;
    private volatile WorkloadCertificate current;

    private FileCertificates(PemFiles files, WorkloadCertificate first, SpiffeId identity, ScheduledExecutorService executor, Duration interval,
            Consumer<IOException> problems) {
        this.files = files;
        this.current = first;
        this.identity = identity;
        this.problems = problems;
        this.watching = executor.scheduleWithFixedDelay(this::look, interval.toNanos(), interval.toNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Reads the files now, and again in intervals until {@link #close}. Blocks on files.
     *
     * @param chain the certificate and its intermediates, PEM
     * @param key its key, PKCS#8 PEM ({@code BEGIN PRIVATE KEY}), ECDSA or RSA
     * @param roots the trust anchors, PEM
     * @param executor where the files are read; stays the caller's
     * @param interval between looks
     * @param problems hears of changes that can't be used, on the executor; must not throw
     * @return the source, of exactly the identity in the certificate
     * @throws IOException if the files can't be read or don't fit together; the message says which
     */
    public static FileCertificates watch(Path chain, Path key, Path roots, ScheduledExecutorService executor, Duration interval,
            Consumer<IOException> problems) throws IOException {
        PemFiles files = new PemFiles(chain, key, roots);
        files.changed();
        WorkloadCertificate first = files.parse();
        return new FileCertificates(files, first, PemFiles.identity(first, chain), executor, interval, problems);
    }

    private void look() {
        try {
            if (files.changed()) {
                WorkloadCertificate fresh = files.parse();
                SpiffeId now = PemFiles.identity(fresh, files.chain());
                if (!now.equals(identity)) {
                    throw new IOException(files.chain() + " has become a certificate of " + now + ", it was one of " + identity);
                }
                current = fresh;
            }
        } catch (IOException e) {
            problems.accept(e);
        }
    }

    @Override
    public WorkloadCertificate certificate(SpiffeId wanted) throws IOException {
        if (!wanted.equals(identity)) {
            throw new IOException(files.chain() + " is a certificate of " + identity + ", not of " + wanted);
        }
        return current;
    }

    /** Stops to look; the last certificate stays. */
    @Override
    public void close() {
        watching.cancel(false);
    }
}
