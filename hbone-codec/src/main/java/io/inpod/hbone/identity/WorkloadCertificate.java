package io.inpod.hbone.identity;

import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A workload's certificate and key, and the roots that it trusts.
 *
 * <p>Trust domains can be federated: each has a bundle of roots of its own, and a root of one domain can't vouch for an identity of another
 * (SPIFFE Federation, section 6). With bundles of other domains, a peer's chain must lead to a root of the bundle of <em>its own</em> trust
 * domain: {@code trustAnchors} for peers of ours, {@code federated} for the others; peers of any other domain are refused. Without, the
 * {@code trustAnchors} vouch for peers of every trust domain, as in meshes whose domains share a root.
 *
 * @param privateKey the key of the first certificate
 * @param chain the leaf first, then intermediates; without the root
 * @param trustAnchors the roots to which the chain of a peer in our trust domain must lead
 * @param federated the roots of other trust domains, by the domain's name; empty for no federation. The entry of our own domain counts for
 *     that only: {@code trustAnchors} are its roots. To refuse all other domains, give this entry alone
 */
public record WorkloadCertificate(PrivateKey privateKey, List<X509Certificate> chain, List<X509Certificate> trustAnchors,
        Map<String, List<X509Certificate>> federated) {
    /**
     * Copies the collections.
     *
     * @param privateKey see {@link #privateKey()}
     * @param chain see {@link #chain()}
     * @param trustAnchors see {@link #trustAnchors()}
     * @param federated see {@link #federated()}
     * @throws IllegalArgumentException if the chain, the trust anchors, or the roots of another trust domain are empty
     */
    public WorkloadCertificate {
        chain = List.copyOf(chain);
        trustAnchors = List.copyOf(trustAnchors);
        if (chain.isEmpty() || trustAnchors.isEmpty()) {
            throw new IllegalArgumentException("a workload certificate needs a chain and trust anchors");
        }
        Map<String, List<X509Certificate>> bundles = new LinkedHashMap<>();
        federated.forEach((domain, roots) -> {
            if (roots.isEmpty()) {
                throw new IllegalArgumentException(
                        "the bundle of the trust domain " + domain + " is empty: leave it out to refuse its peers");
            }
            bundles.put(domain, List.copyOf(roots));
        });
        federated = Map.copyOf(bundles);
    }

    /**
     * Creates a certificate without federation.
     *
     * @param privateKey see {@link #privateKey()}
     * @param chain see {@link #chain()}
     * @param trustAnchors see {@link #trustAnchors()}
     * @throws IllegalArgumentException if a list is empty
     */
    public WorkloadCertificate(PrivateKey privateKey, List<X509Certificate> chain, List<X509Certificate> trustAnchors) {
        this(privateKey, chain, trustAnchors, Map.of());
    }

    /**
     * {@return the same certificate with the roots of other trust domains}
     *
     * @param bundles see {@link #federated()}
     */
    public WorkloadCertificate withFederated(Map<String, List<X509Certificate>> bundles) {
        return new WorkloadCertificate(privateKey, chain, trustAnchors, bundles);
    }

    /**
     * Returns the identity in the leaf.
     *
     * @return the SPIFFE ID, of any path
     * @throws CertificateException if the leaf doesn't contain exactly one
     */
    public SpiffeId identity() throws CertificateException {
        return SpiffeId.ofAnyPath(chain.get(0));
    }

    /**
     * Checks that key and leaf fit together, for sources that get them from elsewhere.
     *
     * @throws GeneralSecurityException if the private key isn't that of the leaf, or of a kind that can't be used: only ECDSA, and RSA of
     *     at least 2,048 bits, can
     */
    public void checkKey() throws GeneralSecurityException {
        if (!SigningKeys.belongTogether(privateKey, chain.get(0).getPublicKey())) {
            throw new CertificateException("the key doesn't belong to the certificate");
        }
    }

    /**
     * Returns how long the certificate can be used.
     *
     * @return the end of the chain's validity, or of all trust anchors if that comes first
     */
    public Instant validUntil() {
        return Validity.of(this).until();
    }

    /** Returns serial number and expiry, never the key. */
    @Override
    public String toString() {
        X509Certificate leaf = chain.get(0);
        return "WorkloadCertificate[serial=" + leaf.getSerialNumber().toString(16) + ", notAfter=" + leaf.getNotAfter().toInstant() + ']';
    }
}
