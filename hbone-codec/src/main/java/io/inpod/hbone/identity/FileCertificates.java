package io.inpod.hbone.identity;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The certificate of one identity from PEM files, reloaded when they change: files of SPIRE's helper, cert-manager or a mounted Kubernetes
 * secret. Thread-safe.
 *
 * <p>Files are compared by content, so that neither a switched link nor a coarse timestamp hides a change. A half-written set (a key that
 * doesn't belong to the certificate) isn't used; the last good set stays in force until the three files fit together again.
 */
public final class FileCertificates implements CertificateSource, AutoCloseable {
    private final PemFiles files;
    private final Consumer<IOException> problems;
    private final SpiffeId identity;
    private final Future<?> watching;
    private volatile WorkloadCertificate current;

    private FileCertificates(PemFiles files, WorkloadCertificate first, SpiffeId identity, ScheduledExecutorService executor,
            Duration interval,
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
     * @param key the certificate's key, PKCS#8 PEM ({@code BEGIN PRIVATE KEY}), ECDSA or RSA
     * @param roots the trust anchors, PEM
     * @param executor reads the files; remains the caller's
     * @param interval the time between two reads
     * @param problems receives changes that can't be used, on the executor; must not throw
     * @return a source for exactly the identity in the certificate
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
                    throw new IOException(files.chain() + " has become a certificate of " + now + "; it was one of " + identity);
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

    /** Stops watching the files; the last certificate stays in force. */
    @Override
    public void close() {
        watching.cancel(false);
    }
}
