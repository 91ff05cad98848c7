package io.inpod.hbone.identity;

import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Adds the roots of federated trust domains to the certificates of another source, which knows only its own domain: files, a CA, memory.
 * Thread-safe.
 *
 * @see WorkloadCertificate#federated()
 */
public final class FederatedCertificates implements CertificateSource {
    private final CertificateSource source;
    private final Map<SpiffeId, Joined> joined = new ConcurrentHashMap<>();
    private volatile Map<String, List<X509Certificate>> bundles;

    /** The result is the same instance as long as neither part has changed. */
    private record Joined(WorkloadCertificate original, Map<String, List<X509Certificate>> bundles, WorkloadCertificate result) {}

    /**
     * Creates a source.
     *
     * @param source supplies the certificates; remains the caller's
     * @param bundles the roots of other trust domains, by the domain's name; not empty, because without any, the source's roots vouch for
     *     every trust domain
     * @throws IllegalArgumentException if there are no bundles, a name isn't a trust domain's, or a bundle is empty
     */
    public FederatedCertificates(CertificateSource source, Map<String, List<X509Certificate>> bundles) {
        this.source = Objects.requireNonNull(source, "source");
        this.bundles = checked(bundles);
    }

    /**
     * Replaces the bundles of other trust domains. New connections use them immediately; established ones continue.
     *
     * @param fresh as for the constructor
     * @throws IllegalArgumentException as for the constructor
     */
    public void replace(Map<String, List<X509Certificate>> fresh) {
        bundles = checked(fresh);
    }

    /**
     * Drops the last certificate of an identity, with its key, if it is still kept here.
     *
     * @param identity an identity that won't be asked for any more
     */
    public void forget(SpiffeId identity) {
        joined.remove(identity);
    }

    private static Map<String, List<X509Certificate>> checked(Map<String, List<X509Certificate>> bundles) {
        if (bundles.isEmpty()) {
            throw new IllegalArgumentException("bundles must have at least one trust domain: without any, our roots vouch for all of them");
        }
        bundles.forEach((domain, roots) -> {
            new SpiffeId(domain, "/any"); // checks the name
            if (roots.isEmpty()) {
                throw new IllegalArgumentException("bundles: that of " + domain + " is empty: leave it out to refuse its peers");
            }
        });
        return Map.copyOf(bundles);
    }

    @Override
    public WorkloadCertificate certificate(SpiffeId identity) throws IOException {
        return join(identity, source.certificate(identity));
    }

    @Override
    public CompletionStage<WorkloadCertificate> request(SpiffeId identity) {
        return source.request(identity).thenApply(certificate -> join(identity, certificate));
    }

    @Override
    public Use allow(SpiffeId identity) {
        return source.allow(identity);
    }

    @Override
    public Use use(SpiffeId identity) {
        return source.use(identity);
    }

    @SuppressWarnings("ReferenceEquality") // a source that renews returns a new instance
    private WorkloadCertificate join(SpiffeId identity, WorkloadCertificate original) {
        Map<String, List<X509Certificate>> with = bundles;
        return joined.compute(identity, (id, known) -> known != null && known.original == original && known.bundles == with ? known
                : new Joined(original, with, original.withFederated(with))).result;
    }
}
