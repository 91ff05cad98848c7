package io.inpod.hbone.internal;

import io.inpod.hbone.SpiffeId;
import io.inpod.hbone.WorkloadCertificate;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.internal.tcnative.SSL;
import java.io.IOException;
import java.security.cert.CertificateException;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** TLS contexts: one per certificate instance and expectation, the least recently used given up beyond a bound. Thread-safe. */
public final class TlsContexts {
    private static final int LIMIT = 1024;
    /** Seconds; the JDK's server sends no ticket if sessions may live longer than the seven days that RFC 8446 section 4.6.1 allows one. */
    private static final long NO_JDK_TICKETS = 30L * 24 * 3600;

    private final SslProvider provider;
    private final Clock clock;
    private final Map<Key, SslContext> contexts = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, SslContext> eldest) {
            return size() > LIMIT;
        }
    };

    /** BoringSSL where it loads, else the JDK. */
    public TlsContexts() {
        this(OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK, Clock.systemUTC());
    }

    TlsContexts(SslProvider provider, Clock clock) {
        this.provider = provider;
        this.clock = clock;
    }

    /** For the accepting side: the peer must be of our own trust domain. */
    SslContext server(WorkloadCertificate certificate, SpiffeId identity) throws IOException {
        return context(certificate, identity, null);
    }

    /** For the connecting side: the peer must have one of these identities. */
    SslContext client(WorkloadCertificate certificate, SpiffeId identity, Set<SpiffeId> expected) throws IOException {
        if (expected.isEmpty()) {
            throw new IOException("no identity is expected of the peer: an empty expectation doesn't mean anyone");
        }
        return context(certificate, identity, expected);
    }

    private SslContext context(WorkloadCertificate certificate, SpiffeId identity, @Nullable Set<SpiffeId> expected) throws IOException {
        Key key = new Key(certificate, identity, expected);
        synchronized (contexts) {
            SslContext context = contexts.get(key);
            if (context == null) {
                context = build(certificate, identity, expected);
                contexts.put(key, context);
            }
            return context;
        }
    }

    private SslContext build(WorkloadCertificate certificate, SpiffeId identity, @Nullable Set<SpiffeId> expected) throws IOException {
        try {
            SpiffeId actual = certificate.identity();
            if (!actual.equals(identity)) {
                throw new IOException("the certificate source was asked for " + identity + " and gave " + actual);
            }
        } catch (CertificateException e) {
            throw new IOException("the certificate source gave a bad certificate for " + identity + ": " + e.getMessage(), e);
        }
        WorkloadKeyManager keys = new WorkloadKeyManager(certificate);
        PeerRule rule = expected == null ? PeerRule.sameTrustDomain(identity.trustDomain()) : PeerRule.oneOf(expected);
        SslContextBuilder builder = expected == null
                ? SslContextBuilder.forServer(keys).clientAuth(ClientAuth.REQUIRE)
                : SslContextBuilder.forClient().keyManager(keys);
        try {
            SslContext context = builder
                    .sslProvider(provider)
                    .protocols("TLSv1.3")
                    .trustManager(new SpiffeTrustManager(certificate.trustAnchors(), clock, rule))
                    .endpointIdentificationAlgorithm(null)
                    .applicationProtocolConfig(alpn())
                    .sessionCacheSize(1)
                    .sessionTimeout(provider == SslProvider.JDK ? NO_JDK_TICKETS : 1)
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
     * A handler for one connection. A resumed session would skip the trust manager, so BoringSSL is told to give and take no tickets (Netty
     * turns them on for each engine). For the JDK's TLS see {@link #NO_JDK_TICKETS}.
     */
    static SslHandler newHandler(SslContext context, ByteBufAllocator allocator) {
        SslHandler handler = context.newHandler(allocator);
        if (handler.engine() instanceof ReferenceCountedOpenSslEngine engine) {
            SSL.setOptions(engine.sslPointer(), SSL.SSL_OP_NO_TICKET);
        }
        return handler;
    }

    private ApplicationProtocolConfig alpn() {
        // BoringSSL can't refuse in the handshake; TlsGate does it right after, for both.
        boolean jdk = provider == SslProvider.JDK;
        return new ApplicationProtocolConfig(Protocol.ALPN,
                jdk ? SelectorFailureBehavior.FATAL_ALERT : SelectorFailureBehavior.NO_ADVERTISE,
                jdk ? SelectedListenerFailureBehavior.FATAL_ALERT : SelectedListenerFailureBehavior.ACCEPT, "h2");
    }

    /** Certificates by instance: a source that renews gives a new one. */
    private record Key(WorkloadCertificate certificate, SpiffeId identity, @Nullable Set<SpiffeId> expected) {
        @Override
        public boolean equals(@Nullable Object o) {
            return o instanceof Key k && k.certificate == certificate && k.identity.equals(identity)
                    && (expected == null ? k.expected == null : expected.equals(k.expected));
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(certificate) * 31 + (expected == null ? 0 : expected.hashCode());
        }
    }
}
