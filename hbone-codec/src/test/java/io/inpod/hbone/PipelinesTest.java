package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.client.Connector;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.inpod.hbone.server.HboneServer;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Ordinary Netty pipelines on top of tunnels. */
@Timeout(60)
class PipelinesTest {
    private static final SpiffeId APP_CLIENT = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/app");
    private static final SpiffeId APP_SERVER = SpiffeId.parse("spiffe://cluster.local/ns/b/sa/app");

    private static TunnelRequestHandler accept(io.netty.channel.ChannelHandler handler) {
        return request -> Mesh.accept(request, handler);
    }

    private static final class HttpServer extends ChannelInitializer<Channel> {
        @Override
        public boolean isSharable() {
            return true;
        }

        @Override
        protected void initChannel(Channel channel) {
            // The server may close before the client's END_STREAM arrives.
            channel.config().setOption(ChannelOption.SO_LINGER, 20);
            channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(1 << 20), new SimpleChannelInboundHandler<FullHttpRequest>() {
                @Override
                protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
                    String body = request.method() + " " + request.uri() + " " + request.content().readableBytes();
                    DefaultFullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK,
                            Unpooled.copiedBuffer(body, StandardCharsets.US_ASCII));
                    response.headers().set("content-length", body.length());
                    var written = ctx.writeAndFlush(response);
                    if (request.headers().contains("connection", "close", true)) {
                        written.addListener(ChannelFutureListener.CLOSE);
                    }
                }
            });
        }
    }

    private static String http(Recorder tunnel) throws InterruptedException {
        StringBuilder all = new StringBuilder();
        for (String said = tunnel.next(); !said.startsWith("EOF"); said = tunnel.next()) {
            all.append(said);
            assertThat(said).isNotEqualTo("(nothing)");
        }
        return all.toString();
    }

    @Test
    void anHttpServer() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(accept(new HttpServer()));
            Recorder tunnel = mesh.open(mesh.pool(), address);
            tunnel.write("GET /one HTTP/1.1\r\nhost: app\r\n\r\n");
            assertThat(tunnel.next()).startsWith("HTTP/1.1 200 OK").endsWith("GET /one 0");
            tunnel.write("POST /two HTTP/1.1\r\nhost: app\r\ncontent-length: 100000\r\n\r\n");
            tunnel.write("x".repeat(100_000));
            assertThat(tunnel.next()).endsWith("POST /two 100000");
            tunnel.write("GET /three HTTP/1.1\r\nhost: app\r\nconnection: close\r\n\r\n");
            tunnel.channel().shutdownOutput();
            assertThat(http(tunnel)).endsWith("GET /three 0");
        }
    }

    /** The server closes first, and SO_LINGER limits the time in which the client must end its side. */
    @Test
    void anHttpServerThatClosesFirst() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(accept(new ChannelInitializer<Channel>() {
                @Override
                public boolean isSharable() {
                    return true;
                }

                @Override
                protected void initChannel(Channel channel) {
                    channel.config().setOption(ChannelOption.SO_LINGER, 20);
                    channel.pipeline().addLast(new HttpServer());
                }
            }));
            HbonePool pool = mesh.pool();
            Recorder tunnel = mesh.open(pool, address);
            tunnel.write("GET /bye HTTP/1.1\r\nhost: app\r\nconnection: close\r\n\r\n");
            assertThat(http(tunnel)).endsWith("GET /bye 0");
            assertThat(tunnel.next()).isEqualTo("EOF-complete");
            tunnel.channel().shutdownOutput();
            assertThat(tunnel.next()).isEqualTo("inactive");
            // A peer that sends to a closed tunnel is reset, as on a socket.
            Recorder talker = mesh.open(pool, address);
            talker.write("GET /bye HTTP/1.1\r\nhost: app\r\nconnection: close\r\n\r\n");
            assertThat(http(talker)).endsWith("GET /bye 0");
            assertThat(talker.next()).isEqualTo("EOF-complete");
            talker.write("more");
            assertThat(talker.next()).isEqualTo("reset: tunnel reset by the peer: CANCEL");
        }
    }

    @Test
    void tlsInside() throws Exception {
        try (Mesh mesh = new Mesh()) {
            WorkloadCertificate certificate = mesh.ca.certificate(APP_SERVER);
            SslContext inner = SslContextBuilder.forServer(certificate.privateKey(), certificate.chain()).build();
            var address = mesh.serve(accept(new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(inner.newHandler(channel.alloc()), new HttpServer());
                }
            }));
            SslContext trusting = SslContextBuilder.forClient().trustManager(InsecureTrustManagerFactory.INSTANCE)
                    .endpointIdentificationAlgorithm(null).build();
            Recorder app = new Recorder();
            TunnelChannel tunnel = mesh.start(mesh.pool(), Mesh.to(address), new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(trusting.newHandler(channel.alloc()), app);
                }
            }).get(Mesh.PATIENCE, TimeUnit.SECONDS);
            tunnel.writeAndFlush(Unpooled.copiedBuffer("GET /secret HTTP/1.1\r\nhost: app\r\n\r\n", StandardCharsets.US_ASCII));
            assertThat(app.next()).endsWith("GET /secret 0");
            tunnel.writeAndFlush(Unpooled.copiedBuffer("POST /large HTTP/1.1\r\nhost: app\r\ncontent-length: 300000\r\n\r\n" + "y".repeat(300_000),
                    StandardCharsets.US_ASCII));
            assertThat(app.next()).endsWith("POST /large 300000");
            assertThat(tunnel.pipeline().get(SslHandler.class).engine().getSession().getPeerCertificates()[0]).isEqualTo(certificate.chain().get(0));
        }
    }

    /** The outer server is a gateway that doesn't know the inner identities; the inner server is the destination of the outer tunnel. */
    @Test
    void doubleHbone() throws Exception {
        try (Mesh mesh = new Mesh()) {
            HboneServer server = new HboneServer(mesh.ca, HboneOptions.server(), Mesh.events(mesh.serverEvents));
            Recorder app = new Recorder();
            io.netty.channel.ChannelHandler inner = server.handler(APP_SERVER, accept(app));
            var gateway = mesh.serve(accept(inner));
            HbonePool outer = mesh.pool();
            HbonePool double1 = new HbonePool(mesh.clientLoop, mesh.ca, (loop, destination, initializer) ->
                    outer.open(Mesh.to(gateway), new ConnectRequest(new Authority(destination.address().getHostString(), destination.address().getPort()),
                            List.of()), initializer), HboneOptions.client(), Mesh.events(mesh.clientEvents));
            var service = new HboneDestination(APP_CLIENT, APP_SERVER, InetSocketAddress.createUnresolved("app.ns.svc.cluster.local", 80));
            Recorder first = new Recorder();
            TunnelChannel tunnel = mesh.onClient(() -> double1.open(service,
                    new ConnectRequest(Authority.parse("app.ns.svc.cluster.local:80"), List.of(new ForwardedNetwork("network-1").header())), first))
                    .get(Mesh.PATIENCE, TimeUnit.SECONDS);
            assertThat(tunnel.peerIdentity()).isEqualTo(APP_SERVER);
            assertThat(tunnel.parent()).isInstanceOf(TunnelChannel.class);
            assertThat(((TunnelChannel) tunnel.parent()).peerIdentity()).isEqualTo(Mesh.SERVER);
            assertThat(((TunnelChannel) tunnel.parent()).authority()).hasToString("app.ns.svc.cluster.local:80");
            first.write("through both");
            assertThat(app.next()).isEqualTo("through both");
            assertThat(app.channel().peerIdentity()).isEqualTo(APP_CLIENT);
            assertThat(ForwardedNetwork.of(app.channel().peerHeaders())).contains(new ForwardedNetwork("network-1"));
            byte[] bulk = new byte[3_000_000];
            first.channel().writeAndFlush(Unpooled.wrappedBuffer(bulk));
            first.channel().shutdownOutput();
            assertThat(app.next()).isEqualTo("EOF");
            assertThat(app.bytes.get()).isEqualTo(bulk.length + "through both".length());
            app.channel().writeAndFlush(Unpooled.wrappedBuffer(bulk));
            app.channel().shutdownOutput();
            assertThat(List.of(first.next(), first.next(), first.next())).containsExactly("EOF", "EOF-complete", "inactive");
            assertThat(first.bytes.get()).isEqualTo(bulk.length);
            // The loss of the outer connection resets the inner tunnel.
            Recorder second = new Recorder();
            mesh.onClient(() -> double1.open(service, new ConnectRequest(Authority.parse("app:80"), List.of()), second)).get(Mesh.PATIENCE, TimeUnit.SECONDS);
            Channel gatewaysEnd = mesh.accepted.iterator().next();
            gatewaysEnd.eventLoop().execute(() -> gatewaysEnd.unsafe().closeForcibly());
            assertThat(second.next()).startsWith("reset: ");
            mesh.onClient(() -> {
                double1.close();
                return null;
            });
            assertThat(mesh.serverEvents).noneMatch(s -> s.startsWith("handshake"));
        }
    }

    @Test
    void aConnectorMayComeFromAnotherAddress() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            HbonePool pool = new HbonePool(mesh.clientLoop, mesh.ca, Connector.of(EpollSocketChannel::new));
            var from = java.net.InetAddress.getByName("127.0.0.77");
            TunnelChannel tunnel = mesh.start(pool, new HboneDestination(Mesh.CLIENT, java.util.Set.of(Mesh.SERVER), address, from), new Recorder())
                    .get(Mesh.PATIENCE, TimeUnit.SECONDS);
            assertThat(((InetSocketAddress) tunnel.localAddress()).getAddress()).isEqualTo(from);
            mesh.onClient(() -> {
                pool.close();
                return null;
            });
        }
    }
}
