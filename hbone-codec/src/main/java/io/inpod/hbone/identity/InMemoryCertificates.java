package io.inpod.hbone.identity;

import java.io.IOException;
import java.security.cert.CertificateException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Certificates that somebody puts in and takes out. Thread-safe. */
public final class InMemoryCertificates implements CertificateSource {
    private final Map<SpiffeId, WorkloadCertificate> certificates = new ConcurrentHashMap<>();

    /** Starts empty. */
    public InMemoryCertificates() { }

    /**
     * Adds a certificate, or replaces that of its identity: new connections use it at once.
     *
     * @param certificate with exactly one identity
     * @return that identity
     * @throws CertificateException if it hasn't
     */
    public SpiffeId put(WorkloadCertificate certificate) throws CertificateException {
        SpiffeId identity = certificate.identity();
        certificates.put(identity, certificate);
        return identity;
    }

    /**
     * Removes a certificate: there are no new connections with this identity. Those that stand go on.
     *
     * @param identity whose certificate
     */
    public void remove(SpiffeId identity) {
        certificates.remove(identity);
    }

    @Override
    public WorkloadCertificate certificate(SpiffeId identity) throws IOException {
        WorkloadCertificate certificate = certificates.get(identity);
        if (certificate == null) {
            throw new IOException("nobody has put in a certificate of " + identity);
        }
        return certificate;
    }
}
