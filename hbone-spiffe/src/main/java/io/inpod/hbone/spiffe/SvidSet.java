package io.inpod.hbone.spiffe;

import com.google.protobuf.ByteString;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CRLException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the agent has sent last, checked: each response replaces the one before it.
 *
 * @param certificates by identity, the agent's default one first
 * @param crls revocation lists
 */
record SvidSet(Map<SpiffeId, WorkloadCertificate> certificates, List<X509CRL> crls) {
    private static final String SCHEME = "spiffe://";

    SpiffeId first() {
        return certificates.keySet().iterator().next();
    }

    /** Checks a response; certificates that haven't changed are those of the set before it. */
    static SvidSet of(SvidMessage message, @Nullable SvidSet before) throws IOException {
        if (message.svids().isEmpty()) {
            throw new IOException("the agent sent no SVID");
        }
        Map<String, List<X509Certificate>> federated = new HashMap<>();
        for (Map.Entry<String, ByteString> bundle : message.federated().entrySet()) {
            federated.put(domain(bundle.getKey()), certificates(bundle.getValue(), "the bundle of " + printable(bundle.getKey())));
        }
        Map<SpiffeId, WorkloadCertificate> all = new LinkedHashMap<>();
        for (SvidMessage.Svid svid : message.svids()) {
            SpiffeId identity = identity(svid.identity());
            if (!all.containsKey(identity)) { // several with different hints; the first is the default
                WorkloadCertificate fresh = certificate(identity, svid, federated);
                WorkloadCertificate known = before == null ? null : before.certificates.get(identity);
                all.put(identity, fresh.equals(known) ? known : fresh);
            }
        }
        return new SvidSet(Collections.unmodifiableMap(all), crls(message.crls()));
    }

    private static SpiffeId identity(String uri) throws IOException {
        try {
            return SpiffeId.parseAnyPath(uri);
        } catch (IllegalArgumentException e) {
            throw new IOException("the agent sent an SVID of no workload: " + e.getMessage(), e);
        }
    }

    private static String domain(String key) throws IOException {
        String name = key.startsWith(SCHEME) ? key.substring(SCHEME.length()) : key;
        try {
            return new SpiffeId(name, "/any").trustDomain();
        } catch (IllegalArgumentException e) {
            throw new IOException("the agent sent the bundle of something that is no trust domain: " + e.getMessage(), e);
        }
    }

    private static WorkloadCertificate certificate(SpiffeId identity, SvidMessage.Svid svid, Map<String, List<X509Certificate>> federated)
            throws IOException {
        List<X509Certificate> chain = certificates(svid.chain(), "the SVID of " + identity);
        List<X509Certificate> roots = certificates(svid.bundle(), "the bundle of " + identity);
        Map<String, List<X509Certificate>> bundles = new HashMap<>(federated);
        bundles.put(identity.trustDomain(), roots); // never empty: the roots of one domain vouch for that one only
        try {
            PrivateKey key =
                    KeyFactory.getInstance(chain.get(0).getPublicKey().getAlgorithm())
                            .generatePrivate(new PKCS8EncodedKeySpec(svid.key().toByteArray()));
            WorkloadCertificate certificate = new WorkloadCertificate(key, chain, roots, bundles);
            certificate.checkKey();
            if (!certificate.identity().equals(identity)) {
                throw new IOException("the agent sent an SVID of " + certificate.identity() + " and called it " + identity);
            }
            return certificate;
        } catch (GeneralSecurityException e) {
            throw new IOException("the agent sent an SVID of " + identity + " that can't be used: " + e.getMessage(), e);
        }
    }

    private static List<X509Certificate> certificates(ByteString der, String what) throws IOException {
        try {
            List<X509Certificate> all = CertificateFactory.getInstance("X.509").generateCertificates(der.newInput()).stream()
                    .map(X509Certificate.class::cast).toList();
            if (all.isEmpty()) {
                throw new IOException("the agent sent " + what + " without a certificate");
            }
            return all;
        } catch (CertificateException e) {
            throw new IOException("the agent sent " + what + " in a form that can't be read: " + e.getMessage(), e);
        }
    }

    private static List<X509CRL> crls(List<ByteString> lists) throws IOException {
        List<X509CRL> all = new ArrayList<>();
        for (ByteString der : lists) {
            try {
                all.add((X509CRL) CertificateFactory.getInstance("X.509").generateCRL(der.newInput()));
            } catch (CertificateException | CRLException e) {
                throw new IOException("the agent sent a revocation list that can't be read: " + e.getMessage(), e);
            }
        }
        return List.copyOf(all);
    }

    private static String printable(String text) {
        return text.length() > 300 ? "(a name of " + text.length() + " characters)" : text.replaceAll("[^\\x20-\\x7e]", "?");
    }
}
