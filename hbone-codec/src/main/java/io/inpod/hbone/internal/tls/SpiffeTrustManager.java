package io.inpod.hbone.internal.tls;

import io.inpod.hbone.HboneTls;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXCertPathChecker;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.Arrays;
import java.util.Collection;
import java.util.Date;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** Verifies a peer's X.509-SVID: chain, validity, key usage and identity. Host names have no meaning here. */
final class SpiffeTrustManager extends X509ExtendedTrustManager {
    private static final int DIGITAL_SIGNATURE = 0;
    private static final int CERTIFICATE_SIGN = 5;
    private static final int CRL_SIGN = 6;
    private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
    private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
    private static final String ANY_USAGE = "2.5.29.37.0";
    private static final String SUBJECT_ALT_NAME = "2.5.29.17";
    private static final String EXTENDED_KEY_USAGE = "2.5.29.37";

    private final Map<String, Bundle> bundles;
    private final @Nullable Bundle forAll;
    private final Clock clock;
    private final PeerRule rule;
    private final HboneTls settings;

    /** The roots of a trust domain. */
    private record Bundle(List<X509Certificate> roots, Set<TrustAnchor> anchors) {
        Bundle(List<X509Certificate> roots) {
            this(roots, roots.stream().map(root -> new TrustAnchor(root, null)).collect(Collectors.toUnmodifiableSet()));
        }
    }

    SpiffeTrustManager(WorkloadCertificate ours, String trustDomain, Clock clock, PeerRule rule, HboneTls settings) {
        Bundle own = new Bundle(ours.trustAnchors());
        this.forAll = ours.federated().isEmpty() ? own : null;
        Map<String, Bundle> all = new HashMap<>();
        ours.federated().forEach((domain, roots) -> all.put(domain, new Bundle(roots)));
        all.put(trustDomain, own);
        this.bundles = Map.copyOf(all);
        this.clock = clock;
        this.rule = rule;
        this.settings = settings;
    }

    private void verify(X509Certificate @Nullable [] chain, String usage) throws CertificateException {
        if (chain == null || chain.length == 0) {
            throw new CertificateException("the peer sent no certificate");
        }
        X509Certificate leaf = chain[0];
        if (leaf.getBasicConstraints() >= 0) {
            throw new CertificateException("the peer's certificate is a CA's");
        }
        // X509-SVID section 4.3 requires the extension.
        boolean[] keyUsage = leaf.getKeyUsage();
        if (keyUsage == null || !keyUsage[DIGITAL_SIGNATURE]) {
            throw new CertificateException("the peer's certificate isn't for digital signatures");
        }
        if (keyUsage[CERTIFICATE_SIGN] || keyUsage[CRL_SIGN]) {
            throw new CertificateException("the peer's certificate may sign certificates or revocation lists");
        }
        List<String> usages = leaf.getExtendedKeyUsage();
        if (usages != null && !usages.contains(usage) && !usages.contains(ANY_USAGE)) {
            throw new CertificateException("the peer's certificate isn't for TLS " + (usage.equals(SERVER_AUTH) ? "servers" : "clients"));
        }
        verifyPath(chain, forAll != null ? forAll : bundle(SpiffeId.ofAnyPath(leaf)));
        rule.check(rule.anyPath() ? SpiffeId.ofAnyPath(leaf) : SpiffeId.of(leaf));
    }

    /** A root of one trust domain can't vouch for an identity of another. */
    private Bundle bundle(SpiffeId peer) throws CertificateException {
        Bundle bundle = bundles.get(peer.trustDomain());
        if (bundle == null) {
            throw new CertificateException(
                    "there is no bundle of the trust domain of " + peer + ", only of " + new TreeSet<>(bundles.keySet()));
        }
        return bundle;
    }

    private void verifyPath(X509Certificate[] chain, Bundle bundle) throws CertificateException {
        // Peers may send the root as well; it isn't part of the path.
        List<X509Certificate> path = Arrays.stream(chain).filter(c -> !bundle.roots.contains(c)).toList();
        if (path.isEmpty()) {
            throw new CertificateException("the peer's certificate is a root");
        }
        try {
            PKIXParameters parameters = new PKIXParameters(bundle.anchors);
            parameters.setRevocationEnabled(false);
            parameters.setDate(Date.from(clock.instant()));
            parameters.addCertPathChecker(new HandledExtensions());
            CertPath certPath = CertificateFactory.getInstance("X.509").generateCertPath(path);
            CertPathValidator validator = CertPathValidator.getInstance("PKIX");
            if (settings.crls() != HboneTls.NO_CRLS) {
                checkRevocation(validator, parameters);
            }
            validator.validate(certPath, parameters);
            if (settings.revocations().get().revokes(path, bundle.roots)) {
                throw new CertPathValidatorException(HboneTls.REVOKED, null, certPath, 0, BasicReason.REVOKED);
            }
        } catch (CertPathValidatorException e) {
            throw new CertificateException("the peer's certificate chain isn't valid: " + e.getMessage(), e);
        } catch (GeneralSecurityException e) {
            throw new CertificateException("the peer's certificate chain can't be checked: " + e.getMessage(), e);
        }
    }

    private void checkRevocation(CertPathValidator validator, PKIXParameters parameters) throws GeneralSecurityException {
        parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(settings.crls().get())));
        PKIXRevocationChecker revocation = (PKIXRevocationChecker) validator.getRevocationChecker();
        // Nothing is fetched: a certificate that the given lists don't cover is refused.
        revocation.setOptions(EnumSet.of(PKIXRevocationChecker.Option.PREFER_CRLS, PKIXRevocationChecker.Option.NO_FALLBACK));
        parameters.addCertPathChecker(revocation);
    }

    private void verify(X509Certificate[] chain, String usage, SSLEngine engine) throws CertificateException {
        try {
            refuseRenegotiation(engine);
            verify(chain, usage);
        } catch (CertificateException e) {
            throw CertificateAlert.of(e, engine);
        }
    }

    /**
     * With TLS 1.2 the peer's identity could change during the connection, which HTTP/2 forbids (RFC 9113 section 9.2.1). BoringSSL refuses
     * on its own.
     */
    private static void refuseRenegotiation(SSLEngine engine) throws CertificateException {
        if (engine instanceof ReferenceCountedOpenSslEngine) {
            return;
        }
        try {
            if (engine.getSession().getPeerCertificates().length > 0) {
                throw new CertificateException("renegotiation");
            }
        } catch (SSLPeerUnverifiedException e) {
            // The first handshake.
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
        verify(chain, CLIENT_AUTH, engine);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
        verify(chain, SERVER_AUTH, engine);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) throws CertificateException {
        verify(chain, CLIENT_AUTH);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) throws CertificateException {
        verify(chain, SERVER_AUTH);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        verify(chain, CLIENT_AUTH);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        verify(chain, SERVER_AUTH);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        // The handshake names no issuers: peers have one certificate to offer, and it saves bytes.
        return new X509Certificate[0];
    }

    /** The critical extensions that this class itself checks on the leaf. */
    private static final class HandledExtensions extends PKIXCertPathChecker {
        @Override
        public void init(boolean forward) {}

        @Override
        public boolean isForwardCheckingSupported() {
            return true;
        }

        @Override
        public Set<String> getSupportedExtensions() {
            return Set.of(SUBJECT_ALT_NAME, EXTENDED_KEY_USAGE);
        }

        @Override
        public void check(Certificate certificate, Collection<String> unresolved) {
            unresolved.remove(SUBJECT_ALT_NAME);
            unresolved.remove(EXTENDED_KEY_USAGE);
        }
    }
}
