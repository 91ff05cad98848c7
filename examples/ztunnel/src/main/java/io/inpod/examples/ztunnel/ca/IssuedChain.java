package io.inpod.examples.ztunnel.ca;

import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * What the CA has answered, as certificates: PEM texts with the leaf first, then intermediates, and the roots in the last one.
 *
 * @param chain the leaf and intermediates
 * @param roots the roots
 */
record IssuedChain(List<X509Certificate> chain, List<X509Certificate> roots) {
    private static final int KEY_CERT_SIGN = 5;

    static IssuedChain parse(List<String> answer) throws IOException {
        if (answer.size() < 2) {
            throw new IOException("expected a certificate, intermediate ones, and roots, got " + answer.size() + " texts");
        }
        List<X509Certificate> roots = certificates(answer.get(answer.size() - 1), "the roots");
        List<X509Certificate> chain = new ArrayList<>();
        for (int i = 0; i < answer.size() - 1; i++) {
            chain.addAll(certificates(answer.get(i), i == 0 ? "the certificate" : "intermediate certificate " + i));
        }
        while (chain.size() > 1 && roots.contains(chain.get(chain.size() - 1))) {
            chain.remove(chain.size() - 1); // peers have the roots
        }
        return new IssuedChain(List.copyOf(chain), roots);
    }

    private static List<X509Certificate> certificates(String pem, String what) throws IOException {
        try {
            List<X509Certificate> all = CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.UTF_8))).stream()
                    .map(X509Certificate.class::cast).toList();
            if (all.isEmpty()) {
                throw new IOException(what + " is empty");
            }
            return all;
        } catch (CertificateException e) {
            throw new IOException(what + " can't be read: " + e.getMessage(), e);
        }
    }

    /**
     * Checks everything that a peer would, so that a bad answer is noticed here, with its reason, and not by peers.
     *
     * @throws IOException what is wrong
     */
    WorkloadCertificate checked(SpiffeId identity, SigningRequest request) throws IOException {
        X509Certificate leaf = chain.get(0);
        if (!leaf.getPublicKey().equals(request.keys().getPublic())) {
            throw new IOException("the first certificate has another key than the request");
        }
        try {
            SpiffeId actual = SpiffeId.ofAnyPath(leaf);
            if (!actual.equals(identity)) {
                throw new IOException("it is of " + actual + ", not of " + identity);
            }
            if (leaf.getBasicConstraints() >= 0) {
                throw new IOException("it is an authority's");
            }
            for (int i = 0; i < chain.size(); i++) {
                check(i);
            }
        } catch (GeneralSecurityException e) {
            throw new IOException(e.getMessage(), e);
        }
        return new WorkloadCertificate(request.keys().getPrivate(), chain, roots);
    }

    private void check(int at) throws IOException, GeneralSecurityException {
        X509Certificate certificate = chain.get(at);
        certificate.checkValidity();
        boolean last = at == chain.size() - 1;
        Collection<X509Certificate> issuers = last ? roots : List.of(chain.get(at + 1));
        if (issuers.stream().noneMatch(issuer -> hasIssued(issuer, certificate))) {
            throw new IOException((at == 0 ? "the certificate" : "intermediate certificate " + at) + " wasn't issued by "
                    + (last ? "one of the roots" : "the next one in the chain"));
        }
    }

    private static boolean hasIssued(X509Certificate issuer, X509Certificate certificate) {
        boolean[] usage = issuer.getKeyUsage();
        if (!issuer.getSubjectX500Principal().equals(certificate.getIssuerX500Principal()) || issuer.getBasicConstraints() < 0
                || usage != null && !usage[KEY_CERT_SIGN]) {
            return false;
        }
        try {
            issuer.checkValidity();
            certificate.verify(issuer.getPublicKey());
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }
}
