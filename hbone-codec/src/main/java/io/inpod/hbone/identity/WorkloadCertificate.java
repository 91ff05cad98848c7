package io.inpod.hbone.identity;

import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * A workload's certificate and key, and the roots that it trusts.
 *
 * @param privateKey the key of the first certificate
 * @param chain the leaf first, then intermediates; without the root
 * @param trustAnchors the roots to which a peer's chain must lead
 */
public record WorkloadCertificate(PrivateKey privateKey, List<X509Certificate> chain, List<X509Certificate> trustAnchors) {
    /**
     * Copies the lists.
     *
     * @param privateKey see {@link #privateKey()}
     * @param chain see {@link #chain()}
     * @param trustAnchors see {@link #trustAnchors()}
     * @throws IllegalArgumentException if a list is empty
     */
    public WorkloadCertificate {
        chain = List.copyOf(chain);
        trustAnchors = List.copyOf(trustAnchors);
        if (chain.isEmpty() || trustAnchors.isEmpty()) {
            throw new IllegalArgumentException("a workload certificate needs a chain and trust anchors");
        }
    }

    /**
     * Returns the identity in the leaf.
     *
     * @return the SPIFFE ID
     * @throws CertificateException if the leaf doesn't contain exactly one
     */
    public SpiffeId identity() throws CertificateException {
        return SpiffeId.of(chain.get(0));
    }

    /** Returns serial number and expiry, never the key. */
    @Override
    public String toString() {
        X509Certificate leaf = chain.get(0);
        return "WorkloadCertificate[serial=" + leaf.getSerialNumber().toString(16) + ", notAfter=" + leaf.getNotAfter().toInstant() + ']';
    }
}
