package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.upstream.PortRange;
import io.inpod.tproxy.upstream.SpoofPolicy;
import io.inpod.tproxy.upstream.SpoofingException;
import io.inpod.tproxy.upstream.UpstreamConnection;
import io.inpod.tproxy.upstream.UpstreamConnector;
import io.inpod.tproxy.upstream.UpstreamOptions;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.Future;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Connecting within one pod, to a plain server there. */
@Timeout(60)
class UpstreamConnectorTest {
    private static final UpstreamOptions MARKED = UpstreamOptions.DEFAULT.withSockets(TestProxy.MARKED);
    private static final PortRange PORTS = new PortRange(16000, 16001);
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());

    @AfterEach
    void stopLoops() throws InterruptedException {
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
    }

    private Future<UpstreamConnection> connect(UpstreamConnector connector, String source, InetSocketAddress destination) throws Exception {
        ClientAddress client = new ClientAddress(InetAddress.getByName(source));
        return connector.connect(loops.next(), client, new DestinationAddress(destination), new ChannelInboundHandlerAdapter()).await();
    }

    private static ServerSocket server(NetworkNamespace namespace) throws Exception {
        ServerSocket server = namespace.call(() -> java.nio.channels.ServerSocketChannel.open()).socket();
        server.bind(new InetSocketAddress(0));
        return server;
    }

    @Test
    @Pods
    void connectsPlainlyWhereTheClientIsTheSameHost(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        String own = network.pod(0).address().getHostAddress();
        try (UpstreamConnector connector = new UpstreamConnector(pod, MARKED.withPolicy(SpoofPolicy.REQUIRE)); ServerSocket server = server(pod)) {
            // From a local address, to one, from the destination itself, the same with mapped addresses and over IPv6, and from a link-local one.
            String[][] pairs = {{"127.0.0.1", own}, {own, own}, {"10.9.9.9", "127.0.0.1"}, {"::ffff:127.0.0.1", own}, {"::ffff:" + own, own},
                {"::1", "::1"}, {"2001:db8::1", "::1"}, {"::1", "fd10:77::2"}, {"fd10:77::2", "fd10:77::2"}, {"fe80::9", "fd10:77::2"}};
            DualStack.prepare(network);
            for (String[] pair : pairs) {
                UpstreamConnection connection = connect(connector, pair[0], new InetSocketAddress(pair[1], server.getLocalPort())).get();
                assertThat(connection.spoofed()).isFalse();
                assertThat(connection.fallbackReason()).isNull();
                assertThat(connection.channel().config().getOption(io.inpod.netns.socket.NamespaceChannelOption.SO_MARK)).isEqualTo(0x539);
                connection.channel().close().sync();
            }
        }
    }

    @Test
    @Pods
    void obeysItsPolicy(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (ServerSocket server = server(pod)) {
            InetSocketAddress destination = new InetSocketAddress(network.pod(0).address(), server.getLocalPort());
            // An IPv6 client can't be the source of an IPv4 connection.
            Future<UpstreamConnection> required = connect(new UpstreamConnector(pod, MARKED.withPolicy(SpoofPolicy.REQUIRE)), "fd00::1", destination);
            assertThat(required.cause()).isInstanceOf(SpoofingException.class).hasMessageContaining("different families");
            UpstreamConnection preferred = connect(new UpstreamConnector(pod, MARKED.withPolicy(SpoofPolicy.PREFER)), "fd00::1", destination).get();
            assertThat(preferred.spoofed()).isFalse();
            assertThat(preferred.fallbackReason()).isInstanceOf(SpoofingException.class);
            UpstreamConnection never = connect(new UpstreamConnector(pod, MARKED.withPolicy(SpoofPolicy.NEVER)), "10.9.9.9", destination).get();
            assertThat(never.spoofed()).isFalse();
            assertThat(never.fallbackReason()).isNull();
            preferred.channel().close().sync();
            never.channel().close().sync();
        }
    }

    @Test
    @Pods
    void takesAnotherPortWhenOneIsTaken(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        spoofLocally(network);
        try (UpstreamConnector connector = new UpstreamConnector(pod, MARKED.withPorts(PORTS)); ServerSocket server = server(pod)) {
            InetSocketAddress destination = new InetSocketAddress(network.pod(0).address(), server.getLocalPort());
            UpstreamConnection one = connect(connector, "10.9.9.9", destination).get();
            UpstreamConnection two = connect(connector, "10.9.9.9", destination).get();
            try (Socket first = server.accept(); Socket second = server.accept()) {
                assertThat(first.getInetAddress()).isEqualTo(InetAddress.getByName("10.9.9.9"));
                assertThat(new int[] {first.getPort(), second.getPort()}).containsExactlyInAnyOrder(PORTS.first(), PORTS.last());
                assertThat(connect(connector, "10.9.9.9", destination).cause())
                        .isInstanceOf(SpoofingException.class).hasMessageContaining("in use");
                one.channel().config().setSoLinger(0);
                one.channel().close().sync();
                UpstreamConnection again = connect(connector, "10.9.9.9", destination).get();
                assertThat(again.channel().localAddress().getPort()).isIn(PORTS.first(), PORTS.last());
                again.channel().close().sync();
            }
            two.channel().close().sync();
        }
    }

    /** Answers to any address come back to this pod, without rules: by its own local default route. */
    private static void spoofLocally(PodNetwork network) throws Exception {
        PolicyRouting.DEFAULT.install(network.pod(0).namespace());
        TestProxy.redirect(network.pod(0).namespace());
    }

    @Test
    @Pods
    void failsWithTheServersRefusalOrSilence(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        UpstreamOptions options = MARKED.withConnectTimeout(Duration.ofMillis(50)).withPolicy(SpoofPolicy.PREFER);
        try (UpstreamConnector connector = new UpstreamConnector(pod, options); ServerSocket server = server(pod)) {
            assertThat(connect(connector, "127.0.0.1", new InetSocketAddress("127.0.0.1", 1)).cause()).isInstanceOf(ConnectException.class);
            // Nothing brings the answers to this source back, and a connection that was spoofed must not silently be tried unspoofed.
            InetSocketAddress destination = new InetSocketAddress(network.pod(0).address(), server.getLocalPort());
            assertThat(connect(connector, "10.9.9.9", destination).cause()).isInstanceOf(ConnectTimeoutException.class);
        }
    }
}
