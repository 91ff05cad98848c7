package io.inpod.hbone.internal.tls;

import io.inpod.hbone.HboneTls;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.internal.tcnative.SSL;
import java.io.IOException;
import java.security.cert.CertificateException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** TLS contexts, one per certificate instance and expectation; beyond a bound the least recently used is dropped. Thread-safe. */
public final class TlsContexts {
    private static final int LIMIT = 1024;
    /**
     * In bytes, in BoringSSL, which otherwise takes 100 KB; the least that can be set. A connection keeps its peer's certificates as long
     * as it lives. Four of RSA with 4,096 bits have 7 KB. The JDK's TLS takes 10 certificates.
     */
    private static final int MAX_CERTIFICATES = 16 << 10;
    /** In seconds. The JDK's server sends no ticket if sessions may live longer than seven days, the limit of RFC 8446 section 4.6.1. */
    private static final long NO_JDK_TICKETS = 30L * 24 * 3600;

    private static final List<String> TLS12_CIPHERS = List.of(
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");

    private final HboneTls settings;
    private final SslProvider provider;
    private final Clock clock;
    private @Nullable List<String> groups;
    private final Map<Key, SslContext> contexts = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, SslContext> eldest) {
            return size() > LIMIT;
        }
    };

    /** Contexts of BoringSSL where it loads, else of the JDK. */
    public TlsContexts(HboneTls settings) {
        this(settings, OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK, Clock.systemUTC());
    }

    TlsContexts(HboneTls settings, SslProvider provider, Clock clock) {
        this.settings = settings;
        this.provider = provider;
        this.clock = clock;
    }

    /** For the accepting side. */
    public SslContext server(WorkloadCertificate certificate, SpiffeId identity, PeerRule clients) throws IOException {
        return context(new Key(certificate, identity, true, clients));
    }

    /** For the connecting side. The peer must have one of the expected identities. */
    public SslContext client(WorkloadCertificate certificate, SpiffeId identity, Set<SpiffeId> expected) throws IOException {
        if (expected.isEmpty()) {
            throw new IOException("no identity is expected of the peer: an empty expectation doesn't mean anyone");
        }
        return context(new Key(certificate, identity, false, new PeerRule.OneOf(expected)));
    }

    private SslContext context(Key key) throws IOException {
        synchronized (contexts) {
            SslContext context = contexts.get(key);
            if (context == null) {
                context = build(key);
                contexts.put(key, context);
            }
            return context;
        }
    }

    private SslContext build(Key key) throws IOException {
        WorkloadCertificate certificate = key.certificate;
        SpiffeId identity = key.identity;
        try {
            SpiffeId actual = certificate.identity();
            if (!actual.equals(identity)) {
                throw new IOException("the certificate source was asked for " + identity + " and returned " + actual);
            }
        } catch (CertificateException e) {
            throw new IOException("the certificate source returned a bad certificate for " + identity + ": " + e.getMessage(), e);
        }
        KeyManagerFactory keys = WorkloadKeyManager.factory(certificate, provider);
        SslContextBuilder builder = key.server
                ? SslContextBuilder.forServer(keys).clientAuth(ClientAuth.REQUIRE)
                : SslContextBuilder.forClient().keyManager(keys);
        try {
            SslContext context = builder
                    .sslProvider(provider)
                    .protocols(settings.tls12() ? new String[] {"TLSv1.3", "TLSv1.2"} : new String[] {"TLSv1.3"})
                    .ciphers(ciphers(), SupportedCipherSuiteFilter.INSTANCE)
                    .trustManager(new SpiffeTrustManager(certificate, identity.trustDomain(), clock, key.rule, settings))
                    .endpointIdentificationAlgorithm(null)
                    .applicationProtocolConfig(alpn())
                    .sessionCacheSize(1)
                    .sessionTimeout(provider == SslProvider.JDK ? NO_JDK_TICKETS : 1)
                    .option(OpenSslContextOption.GROUPS, groups())
                    .option(OpenSslContextOption.MAX_CERTIFICATE_LIST_BYTES, MAX_CERTIFICATES)
                    .build();
            if (context.sessionContext() instanceof OpenSslSessionContext sessions) {
                sessions.setSessionCacheEnabled(false);
            }
            return context;
        } catch (SSLException e) {
            throw new IOException("TLS can't be set up for " + identity + ": " + e.getMessage(), e);
        }
    }

    /**
     * A handler for one connection. A resumed session would skip the trust manager, so tickets are turned off in BoringSSL (Netty turns
     * them on for each engine). For the JDK's TLS see {@link #NO_JDK_TICKETS}.
     */
    static SslHandler newHandler(SslContext context, ByteBufAllocator allocator) {
        SslHandler handler = context.newHandler(allocator);
        handler.setWrapDataSize(0); // FrameWriter gathers frames, so each buffer is encrypted as it is, without another copy
        if (handler.engine() instanceof ReferenceCountedOpenSslEngine engine) {
            SSL.setOptions(engine.sslPointer(), SSL.SSL_OP_NO_TICKET);
        }
        return handler;
    }

    /**
     * Null leaves the choice to the provider. BoringSSL's suites of TLS 1.3 can't be configured, and it warns about any list but its own.
     */
    private @Nullable List<String> ciphers() {
        if (!settings.tls12()) {
            return provider == SslProvider.JDK ? List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384") : null;
        }
        List<String> all = new ArrayList<>(List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"));
        if (provider != SslProvider.JDK) {
            all.add("TLS_CHACHA20_POLY1305_SHA256");
        }
        all.addAll(TLS12_CIPHERS);
        return all;
    }

    /** Null leaves the choice to the provider: if it knows none of the groups, or they can't be configured. */
    private String @Nullable [] groups() {
        if (provider == SslProvider.JDK) {
            return null;
        }
        List<String> known = groups;
        if (known == null) {
            known = settings.groups().stream().filter(TlsContexts::isKnown).toList();
            groups = known;
        }
        return known.isEmpty() ? null : known.toArray(new String[0]);
    }

    private static boolean isKnown(String group) {
        try {
            SslContext probe = SslContextBuilder.forClient().sslProvider(SslProvider.OPENSSL).endpointIdentificationAlgorithm(null)
                    .option(OpenSslContextOption.GROUPS, new String[] {group}).build();
            return probe.isClient();
        } catch (SSLException | RuntimeException e) {
            return false;
        }
    }

    private ApplicationProtocolConfig alpn() {
        // BoringSSL can't refuse during the handshake; TlsGate refuses right after it, for both providers.
        boolean jdk = provider == SslProvider.JDK;
        return new ApplicationProtocolConfig(Protocol.ALPN,
                jdk ? SelectorFailureBehavior.FATAL_ALERT : SelectorFailureBehavior.NO_ADVERTISE,
                jdk ? SelectedListenerFailureBehavior.FATAL_ALERT : SelectedListenerFailureBehavior.ACCEPT, "h2");
    }

    /** Certificates are compared by identity: a source that renews returns a new instance. */
    private record Key(WorkloadCertificate certificate, SpiffeId identity, boolean server, PeerRule rule) {
        @Override
        @SuppressWarnings("ReferenceEquality") // see above
        public boolean equals(@Nullable Object o) {
            return o instanceof Key k && k.certificate == certificate && k.identity.equals(identity) && k.server == server
                    && k.rule.equals(rule);
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(certificate) * 31 + rule.hashCode();
        }
    }
}
