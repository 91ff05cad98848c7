package io.inpod.examples.ztunnel;

import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.inpod.netns.testing.Pod;
import io.inpod.tproxy.Resets;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;

/** A peer at port 15008 with a workload's certificate that goes wrong somewhere on the way to a tunnel. */
final class FaultyPeer implements AutoCloseable {
    /** How far it comes. */
    enum Fault {
        /** It accepts, and resets the connection at the first byte. */
        RESETS,
        /** It accepts, and says nothing. */
        SILENT,
        /** It shakes hands in TLS, and says no more. */
        TLS_ONLY,
        /** It sends its SETTINGS, and says no more. */
        SETTINGS_ONLY
    }

    private static final byte[] SETTINGS = HexFormat.of().parseHex("000000040000000000");
    private final PeerListener listener;
    /** How many connections it has accepted. */
    final AtomicInteger accepted = new AtomicInteger();

    FaultyPeer(Pod pod, DevelopmentCa ca, String account, Fault fault) throws Exception {
        SslContext tls = tls(ca.certificate(TunnelPeer.identity(account)));
        listener = new PeerListener(pod, () -> new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel connection) {
                accepted.incrementAndGet();
                if (fault == Fault.TLS_ONLY || fault == Fault.SETTINGS_ONLY) {
                    connection.pipeline().addLast(tls.newHandler(connection.alloc()));
                }
                connection.pipeline().addLast(new Behaviour(fault));
            }
        });
    }

    private static SslContext tls(WorkloadCertificate certificate) throws Exception {
        return SslContextBuilder.forServer(certificate.privateKey(), certificate.chain().toArray(new X509Certificate[0]))
                .trustManager(certificate.trustAnchors().toArray(new X509Certificate[0])).clientAuth(ClientAuth.REQUIRE)
                .protocols("TLSv1.3").applicationProtocolConfig(new ApplicationProtocolConfig(Protocol.ALPN,
                        SelectorFailureBehavior.NO_ADVERTISE, SelectedListenerFailureBehavior.ACCEPT, "h2"))
                .build();
    }

    private static final class Behaviour extends ChannelInboundHandlerAdapter {
        private final Fault fault;

        Behaviour(Fault fault) {
            this.fault = fault;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
            if (fault == Fault.RESETS) {
                Resets.reset(context.channel());
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (fault == Fault.SETTINGS_ONLY && event instanceof SslHandshakeCompletionEvent handshake && handshake.isSuccess()) {
                context.writeAndFlush(Unpooled.wrappedBuffer(SETTINGS));
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable reset) {
            // when the client has given up
        }
    }

    @Override
    public void close() {
        listener.close();
    }
}
