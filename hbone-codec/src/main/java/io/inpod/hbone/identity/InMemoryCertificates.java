package io.inpod.hbone.identity;

import java.io.IOException;
import java.security.cert.CertificateException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Certificates that the caller adds and removes. Thread-safe. */
public final class InMemoryCertificates implements CertificateSource {
    private final Map<SpiffeId, WorkloadCertificate> certificates = new ConcurrentHashMap<>();

    /** Creates an empty source. */
    public InMemoryCertificates() {}

    /**
     * Adds a certificate, or replaces the one of its identity. New connections use it immediately.
     *
     * @param certificate a certificate with exactly one identity
     * @return that identity
     * @throws CertificateException if the certificate has no identity, or more than one
     */
    public SpiffeId put(WorkloadCertificate certificate) throws CertificateException {
        SpiffeId identity = certificate.identity();
        certificates.put(identity, certificate);
        return identity;
    }

    /**
     * Removes a certificate. There are no new connections with its identity; established connections continue.
     *
     * @param identity the certificate's identity
     */
    public void remove(SpiffeId identity) {
        certificates.remove(identity);
    }

    @Override
    public WorkloadCertificate certificate(SpiffeId identity) throws IOException {
        WorkloadCertificate certificate = certificates.get(identity);
        if (certificate == null) {
            throw new IOException("there is no certificate of " + identity);
        }
        return certificate;
    }
}
