package io.inpod.tproxy.relay;

import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;

/** Client, relay, TLS 1.3, relay, server. */
final class TlsPath extends RelayPath {
    private final SslContext client;
    private final SslContext server;
    private final Channel far;
    private volatile DuplexChannel farEnd;

    TlsPath() throws Exception {
        super(Kind.OURS);
        WorkloadCertificate certificate = PassingCa.open().certificate(SpiffeId.parse("spiffe://cluster.local/ns/a/sa/b"));
        server = SslContextBuilder.forServer(certificate.privateKey(), certificate.chain()).sslProvider(SslProvider.JDK).protocols("TLSv1.3").build();
        client = SslContextBuilder.forClient().trustManager(InsecureTrustManagerFactory.INSTANCE).sslProvider(SslProvider.JDK).protocols("TLSv1.3").build();
        far = listen(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) throws Exception {
                farEnd = (DuplexChannel) channel;
                SslHandler tls = server.newHandler(channel.alloc());
                channel.pipeline().addLast(tls);
                RelayOptions.DEFAULT.prepare(channel);
                channel.read();
                open(null, prepared(RelayOptions.DEFAULT)).addListener(connected -> tls.handshakeFuture().addListener(secure ->
                        Relay.start((DuplexChannel) channel, (DuplexChannel) ((io.netty.channel.ChannelFuture) connected).channel(), ended -> {})));
            }
        });
    }

    @Override
    DuplexChannel upstream(RelayOptions options) throws Exception {
        Channel channel = open(far.localAddress(), new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(client.newHandler(channel.alloc()));
                options.prepare(channel);
            }
        }).sync().channel();
        channel.read();
        channel.pipeline().get(SslHandler.class).handshakeFuture().sync();
        return (DuplexChannel) channel;
    }

    /** The far end sends FIN without TLS's close_notify before it. */
    void endBelowTls() {
        farEnd.shutdownOutput().syncUninterruptibly();
    }

    @Override
    public void close() throws IOException {
        far.close().syncUninterruptibly();
        super.close();
    }
}
