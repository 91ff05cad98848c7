package io.inpod.benchmarks;

import io.inpod.hbone.HboneTls;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.security.cert.X509Certificate;

/** Mutual TLS 1.3 by Netty and BoringSSL without HBONE, with the same certificates, for comparison. */
final class BareTls {
    private static final ApplicationProtocolConfig H2 = new ApplicationProtocolConfig(ApplicationProtocolConfig.Protocol.ALPN,
            ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
            ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT, "h2");

    private final SslContext server;
    private final SslContext client;

    BareTls(DevelopmentCa ca) throws IOException {
        WorkloadCertificate ours = ca.certificate(HboneLoopback.SERVER);
        WorkloadCertificate theirs = ca.certificate(HboneLoopback.CLIENT);
        String[] groups = HboneTls.DEFAULT.groups().toArray(new String[0]); // the key exchange takes half of a handshake's CPU time
        X509Certificate[] roots = ours.trustAnchors().toArray(new X509Certificate[0]);
        server = SslContextBuilder.forServer(ours.privateKey(), ours.chain()).sslProvider(SslProvider.OPENSSL).protocols("TLSv1.3")
                .trustManager(roots).clientAuth(ClientAuth.REQUIRE).option(OpenSslContextOption.GROUPS, groups)
                .applicationProtocolConfig(H2).build();
        client = SslContextBuilder.forClient().keyManager(theirs.privateKey(), theirs.chain()).sslProvider(SslProvider.OPENSSL)
                .protocols("TLSv1.3")
                .trustManager(roots).endpointIdentificationAlgorithm(null).option(OpenSslContextOption.GROUPS, groups)
                .applicationProtocolConfig(H2).build();
    }

    SslHandler server(ByteBufAllocator allocator) {
        return server.newHandler(allocator);
    }

    SslHandler client(ByteBufAllocator allocator) {
        return client.newHandler(allocator);
    }
}
