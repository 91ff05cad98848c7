package io.inpod.hbone.identity;

import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * What a workload proves its identity with, and whom it believes.
 *
 * @param privateKey key of the first certificate
 * @param chain the leaf first, then intermediates; without the root
 * @param trustAnchors roots that a peer's chain must lead to
 */
public record WorkloadCertificate(PrivateKey privateKey, List<X509Certificate> chain, List<X509Certificate> trustAnchors) {
    /**
     * Copies the lists.
     *
     * @param privateKey key of the first certificate
     * @param chain the leaf first, then intermediates; without the root
     * @param trustAnchors roots that a peer's chain must lead to
     * @throws IllegalArgumentException if one of them is empty
     */
    public WorkloadCertificate {
        chain = List.copyOf(chain);
        trustAnchors = List.copyOf(trustAnchors);
        if (chain.isEmpty() || trustAnchors.isEmpty()) {
            throw new IllegalArgumentException("a workload certificate needs a chain and trust anchors");
        }
    }

    /**
     * The identity in the leaf.
     *
     * @return the SPIFFE ID
     * @throws CertificateException if the leaf hasn't exactly one
     */
    public SpiffeId identity() throws CertificateException {
        return SpiffeId.of(chain.get(0));
    }

    /** Returns identity and validity, never the key. */
    @Override
    public String toString() {
        X509Certificate leaf = chain.get(0);
        return "WorkloadCertificate[serial=" + leaf.getSerialNumber().toString(16) + ", notAfter=" + leaf.getNotAfter().toInstant() + ']';
    }
}
