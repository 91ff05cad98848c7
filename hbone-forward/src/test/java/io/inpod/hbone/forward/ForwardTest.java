package io.inpod.hbone.forward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import io.inpod.hbone.Authority;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelRequestHandler;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.server.HboneServer;
import io.inpod.tproxy.relay.RelayOptions;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Both directions, their ends, and refusals, between ordinary sockets at both sides. How every kind of end looks is EndingsTest's subject. */
@Timeout(60)
class ForwardTest {
    private static final byte[] MUCH = new byte[8 << 20]; // more than a window
    private static Scene scene;
    private ServerSocket app;

    @BeforeAll
    static void open() throws Exception {
        scene = new Scene();
        new Random(1).nextBytes(MUCH);
    }

    @AfterAll
    static void close() throws IOException {
        scene.close();
    }

    @BeforeEach
    void forget() throws IOException {
        scene.clientLog.clear();
        scene.serverLog.clear();
        app = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        app.setSoTimeout(20_000);
    }

    @AfterEach
    void end() throws IOException {
        app.close();
    }

    private InetSocketAddress port() {
        return scene.forward("app.test:" + app.getLocalPort());
    }

    @Test
    void theAnswerFollowsTheEndOfTheRequest() throws Exception {
        try (Socket client = Scene.connect(port()); Socket server = app.accept()) {
            CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> {
                try {
                    client.getOutputStream().write(MUCH);
                    client.shutdownOutput();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThat(server.getInputStream().readAllBytes()).isEqualTo(MUCH);
            sent.get(20, TimeUnit.SECONDS);

            CompletableFuture<Void> answered = CompletableFuture.runAsync(() -> {
                try (server) {
                    server.getOutputStream().write(MUCH);
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            CRC32 received = new CRC32();
            received.update(client.getInputStream().readAllBytes());
            CRC32 expected = new CRC32();
            expected.update(MUCH);
            assertThat(received.getValue()).isEqualTo(expected.getValue());
            answered.get(20, TimeUnit.SECONDS);
        }
        assertThat(Scene.next(scene.clientLog)).isEqualTo("ended " + MUCH.length + " " + MUCH.length);
        assertThat(Scene.next(scene.serverLog)).isEqualTo("ended " + MUCH.length + " " + MUCH.length);
    }

    @Test
    void aResetComesAfterTheBytesThatPrecededIt() throws Exception {
        try (Socket client = Scene.connect(port())) {
            try (Socket server = app.accept()) {
                client.getOutputStream().write("a request that the app won't read".getBytes(StandardCharsets.US_ASCII));
                server.getInputStream().read();
                server.getOutputStream().write("a part".getBytes(StandardCharsets.US_ASCII));
                server.setSoLinger(true, 0); // close() resets
            }
            assertThat(client.getInputStream().readNBytes(6)).asString(StandardCharsets.US_ASCII).isEqualTo("a part");
            assertThatIOException().isThrownBy(() -> client.getInputStream().read()).withMessageContaining("reset");
        }
        assertThat(Scene.next(scene.clientLog)).endsWith("incomplete");
    }

    @Test
    void whatIsNotPermittedOrUnreachableIsReset() throws Exception {
        app.close();
        refused("other.test:80", "status 401", "other.test: other.test:80 is not permitted to " + Scene.CLIENT);
        refused("app.test:" + app.getLocalPort(), "status 503", "onnection refused");
        refused("unresolved.test:80", "status 500", "isn't resolved");
    }

    private static void refused(String to, String clientSees, String serverSays) throws Exception {
        try (Socket client = Scene.connect(scene.forward(to))) {
            assertThatIOException().isThrownBy(() -> client.getInputStream().read()).withMessageContaining("reset");
        }
        assertThat(Scene.next(scene.clientLog)).startsWith("failed ").contains(clientSees);
        assertThat(Scene.next(scene.serverLog)).contains(serverSays);
    }

    @Test
    void aClientThatLeavesEarlyTakesItsRequestBack() throws Exception {
        CompletableFuture<CompletableFuture<Void>> asked = new CompletableFuture<>();
        TunnelRequestHandler silent = request -> {
            CompletableFuture<Void> abandoned = new CompletableFuture<>();
            request.abandoned().addListener(gone -> abandoned.complete(null));
            asked.complete(abandoned);
        };
        CompletableFuture<Void> left;
        try (Socket client = Scene.connect(forward(silent, List.of()))) {
            left = asked.get(20, TimeUnit.SECONDS);
            client.setSoLinger(true, 0); // close() resets
        }
        left.get(20, TimeUnit.SECONDS);
    }

    @Test
    void aClientThatLeavesEarlyEndsTheConnectionToTheApp() throws Exception {
        CompletableFuture<Void> asked = new CompletableFuture<>();
        try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress()); Socket first = Scene.connect(address(full));
                Socket second = Scene.connect(address(full))) { // the kernel drops the next SYN
            AppConnector apps = new AppConnector(EpollSocketChannel::new, request -> {
                asked.complete(null);
                return address(full);
            }, RelayOptions.DEFAULT, Scene.log(scene.serverLog));
            try (Socket client = Scene.connect(forward(apps, List.of()))) {
                asked.get(20, TimeUnit.SECONDS);
                client.setSoLinger(true, 0); // close() resets
            }
            assertThat(Scene.next(scene.serverLog)).contains("the client cancelled the request");
            assertThat(first.isConnected() && second.isConnected()).isTrue();
        }
    }

    @Test
    void aRequestHasTheHeadersOfItsPort() throws Exception {
        CompletableFuture<List<Header>> asked = new CompletableFuture<>();
        Header header = new Header("x-from", "a port");
        InetSocketAddress port = forward(request -> {
            asked.complete(request.headers());
            request.refuse(418);
        }, List.of(header));
        try (Socket client = Scene.connect(port)) {
            assertThat(asked.get(20, TimeUnit.SECONDS)).contains(header);
            assertThatIOException().isThrownBy(() -> client.getInputStream().read()).withMessageContaining("reset");
        }
    }

    private static InetSocketAddress forward(TunnelRequestHandler handler, List<Header> headers) {
        InetSocketAddress server = Scene.listen(scene.loops, new HboneServer(scene.certificates).handler(Scene.SERVER, handler));
        HboneDestination peer = new HboneDestination(Scene.CLIENT, Scene.SERVER, server);
        return Scene.listen(scene.loops, new PortForwarder(scene.hbone).handler(peer, Authority.parse("app.test:1"), headers));
    }

    private static InetSocketAddress address(ServerSocket server) {
        return (InetSocketAddress) server.getLocalSocketAddress();
    }

    @Test
    void eventLoopsThatWouldLoseBytesAreRefused() throws Exception {
        EventLoopGroup plain = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try (Socket client = Scene.connect(scene.forward(plain, "app.test:" + app.getLocalPort()))) {
            assertThatIOException().isThrownBy(() -> client.getInputStream().read()).withMessageContaining("reset");
            assertThat(Scene.next(scene.clientLog)).contains("both channels must be on the same event loop");
        } finally {
            plain.shutdownGracefully(100, 5_000, TimeUnit.MILLISECONDS).sync();
        }
    }

    /** The examples of the documents. */
    @Test
    void example() throws Exception {
        HboneClient hbone = scene.hbone;
        EventLoopGroup loops = scene.loops;
        Authority database = Authority.parse("10.0.0.7:5432");
        var certificates = scene.certificates;
        var server = Scene.SERVER;
        InetSocketAddress local = (InetSocketAddress) app.getLocalSocketAddress();
        // docs/hbone-codec.md: begin
        ChannelHandler toApps = new HboneServer(certificates).handler(server, new AppConnector(EpollSocketChannel::new,
                request -> request.authority().equals(database) ? local : null)); // anything else is refused
        // docs/hbone-codec.md: end
        HboneDestination peer = new HboneDestination(Scene.CLIENT, Scene.SERVER, Scene.listen(loops, toApps));
        // hbone-forward/README.md, docs/hbone-codec.md: begin
        ChannelHandler through = new PortForwarder(hbone).handler(peer, Authority.parse("10.0.0.7:5432"));
        Channel port = new ServerBootstrap().group(loops).channel(EpollServerSocketChannel.class)
                .childHandler(through).bind("127.0.0.1", 0).sync().channel(); // psql, curl and gRPC connect to it
        // hbone-forward/README.md, docs/hbone-codec.md: end
        try (Socket client = Scene.connect((InetSocketAddress) port.localAddress()); Socket accepted = app.accept()) {
            client.getOutputStream().write(42);
            assertThat(accepted.getInputStream().read()).isEqualTo(42);
        }
        port.close().sync();
    }
}
