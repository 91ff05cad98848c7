package io.inpod.hbone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.client.Connector;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tunnels for everything that takes a factory of channels: they exist before they are connected. */
@Timeout(60)
class TunnelSocketTest {
    private static final InetSocketAddress APP = new InetSocketAddress("10.1.2.3", 8080);
    private static final int PIECE = 100_000;
    private static final int PIECES = 100; // more than all windows
    private final LinkedBlockingQueue<String> seen = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<TunnelRequest> requests = new LinkedBlockingQueue<>();
    private Mesh mesh;
    private HboneClient hbone;
    private HboneDestination peer;

    @BeforeEach
    void open() throws Exception {
        mesh = new Mesh();
        hbone = new HboneClient(mesh.clientLoops, mesh.ca, Connector.of(EpollSocketChannel::new));
        peer = new HboneDestination(Mesh.CLIENT, Mesh.SERVER, mesh.serve(requests::add));
    }

    @AfterEach
    void close() throws Exception {
        hbone.close();
        mesh.close();
    }

    private Bootstrap bootstrap() {
        return new Bootstrap().group(mesh.clientLoops).channelFactory(hbone.channels(peer, List.of(new Header("x", "y"))))
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true).handler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelActive(ChannelHandlerContext ctx) {
                        seen.add("active");
                        ctx.fireChannelActive();
                    }

                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object message) {
                        ByteBuf bytes = (ByteBuf) message;
                        seen.add(bytes.toString(UTF_8));
                        bytes.release();
                    }

                    @Override
                    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                        if (event instanceof ChannelInputShutdownEvent) {
                            seen.add("end");
                        }
                    }

                    @Override
                    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                        seen.add(cause instanceof TunnelResetException ? "reset" : String.valueOf(cause));
                    }

                    @Override
                    public void channelInactive(ChannelHandlerContext ctx) {
                        seen.add("inactive");
                    }
                });
    }

    /** Connects, while the server accepts with a handler. */
    private DuplexChannel connect(Recorder server) throws Exception {
        ChannelFuture connecting = bootstrap().connect(APP);
        accept(next(), server);
        assertThat(connecting.await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
        expect("active");
        return (DuplexChannel) connecting.sync().channel();
    }

    private TunnelRequest next() throws InterruptedException {
        return java.util.Objects.requireNonNull(requests.poll(Mesh.PATIENCE, TimeUnit.SECONDS));
    }

    private static void accept(TunnelRequest request, Recorder server) throws Exception {
        request.connection().eventLoop().submit(() -> Mesh.accept(request, server)).get(Mesh.PATIENCE, TimeUnit.SECONDS);
    }

    private void expect(String... events) throws InterruptedException {
        for (String event : events) {
            assertThat(seen.poll(Mesh.PATIENCE, TimeUnit.SECONDS)).isEqualTo(event);
        }
    }

    private static ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, UTF_8);
    }

    @Test
    void bytesAndEndsGoBothWays() throws Exception {
        Recorder server = new Recorder();
        DuplexChannel client = connect(server);
        assertThat(server.channel().authority()).hasToString("10.1.2.3:8080");
        assertThat(server.channel().peerHeaders()).containsExactly(new Header("x", "y"));
        assertThat(client.remoteAddress()).isEqualTo(APP);
        assertThat(client.localAddress()).isNotNull();
        client.writeAndFlush(text("request")).sync();
        client.shutdownOutput().sync();
        server.expect("request", "EOF", "EOF-complete");
        assertThatThrownBy(() -> client.writeAndFlush(text("more")).sync()).hasMessageContaining("shutdown");
        server.write("answer");
        expect("answer");
        server.channel().shutdownOutput();
        expect("end", "inactive");
        assertThat(client.closeFuture().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aWriteHasCompletedWhenTheTunnelsHas() throws Exception {
        Recorder server = new Recorder(true, false); // doesn't read
        DuplexChannel client = connect(server);
        ChannelFuture last = client.newSucceededFuture();
        for (int i = 0; i < PIECES; i++) {
            last = client.writeAndFlush(Unpooled.wrappedBuffer(new byte[PIECE]));
        }
        ChannelFuture ended = client.shutdownOutput();
        assertThat(client.isWritable()).isFalse();
        assertThat(last.isDone()).as("beyond the window").isFalse();
        assertThat(ended.isDone()).isFalse();
        server.channel().config().setAutoRead(true);
        assertThat(last.await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
        assertThat(ended.await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
        server.expect("EOF");
        assertThat(server.bytes).hasValue((long) PIECE * PIECES);
    }

    @Test
    void closingWithSomethingUnsentIsAReset() throws Exception {
        Recorder server = new Recorder(true, false);
        DuplexChannel client = connect(server);
        for (int i = 0; i < PIECES; i++) {
            client.writeAndFlush(Unpooled.wrappedBuffer(new byte[PIECE]));
        }
        client.close().sync();
        server.channel().config().setAutoRead(true);
        assertThat(server.next()).startsWith("reset: ");
        expect("inactive");
    }

    @Test
    void closingWithLingerEndsInOrder() throws Exception {
        Recorder server = new Recorder();
        DuplexChannel client = connect(server);
        client.config().setOption(ChannelOption.SO_LINGER, 20);
        client.writeAndFlush(text("bye")).sync();
        client.close().sync();
        server.expect("bye", "EOF");
    }

    @Test
    void closingWithSomethingUnflushedIsAResetAlsoIfItLingers() throws Exception {
        Recorder server = new Recorder();
        DuplexChannel client = connect(server);
        client.config().setOption(ChannelOption.SO_LINGER, 20);
        client.writeAndFlush(text("one")).sync();
        client.write(text("two"));
        client.close().sync();
        assertThat(server.next()).isEqualTo("one");
        assertThat(server.next()).startsWith("reset: ");
    }

    @Test
    void aResetComesAfterTheBytes() throws Exception {
        Recorder server = new Recorder();
        DuplexChannel client = connect(server);
        client.config().setAutoRead(false);
        server.write("part").sync();
        server.channel().close().sync();
        client.config().setAutoRead(true);
        expect("part", "reset", "inactive");
        assertThat(client.isOpen()).isFalse();
    }

    @Test
    void nothingIsReadUntilAsked() throws Exception {
        ChannelFuture connecting = bootstrap().option(ChannelOption.AUTO_READ, false).connect(APP);
        Recorder server = new Recorder();
        accept(next(), server);
        server.write("early").sync();
        Channel client = connecting.sync().channel();
        expect("active");
        client.writeAndFlush(text("I have read nothing yet")).sync();
        server.expect("I have read nothing yet");
        assertThat(seen).isEmpty();
        client.read();
        expect("early");
    }

    @Test
    void whatCantBeConnectedFails() throws Exception {
        ChannelFuture refused = bootstrap().connect(APP);
        TunnelRequest request = next();
        request.connection().eventLoop().execute(() -> request.refuse(503));
        assertThatThrownBy(refused::sync).isInstanceOf(TunnelRefusedException.class).hasMessageContaining("status 503");
        assertThat(refused.channel().closeFuture().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();

        assertThatThrownBy(() -> bootstrap().connect(new SocketAddress() { }).sync()).hasMessageContaining("InetSocketAddress");
        assertThatThrownBy(() -> bootstrap().connect(new InetSocketAddress("10.1.2.3", 0)).sync()).hasMessageContaining("port out of range");
        assertThatThrownBy(() -> bootstrap().connect(APP, new InetSocketAddress(1)).sync()).hasMessageContaining("can't be bound");
        assertThatThrownBy(() -> bootstrap().option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 1).connect(APP).sync())
                .isInstanceOf(ConnectTimeoutException.class).hasMessageContaining("10.1.2.3:8080 within 1 ms");
    }

    @Test
    void givingUpTakesTheRequestBack() throws Exception {
        ChannelFuture connecting = bootstrap().connect(APP);
        TunnelRequest request = next();
        connecting.channel().close().sync();
        assertThat(request.abandoned().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
        assertThat(connecting.await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
        assertThat(connecting.isSuccess()).isFalse();

        ChannelFuture cancelled = bootstrap().connect(APP);
        TunnelRequest second = next();
        cancelled.cancel(false);
        assertThat(second.abandoned().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
        assertThat(cancelled.channel().closeFuture().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aNameIsForThePeerToLookUp() throws Exception {
        ChannelFuture connecting = bootstrap().disableResolver().connect("app.test", 80);
        TunnelRequest request = next();
        assertThat(request.authority()).hasToString("app.test:80");
        accept(request, new Recorder());
        connecting.sync().channel().close().sync();
    }
}
