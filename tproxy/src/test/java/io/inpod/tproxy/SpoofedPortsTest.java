package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.UnixOperatingSystemMXBean;
import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.listen.AcceptLoop;
import io.inpod.tproxy.listen.AcceptRules;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.upstream.PortRange;
import io.inpod.tproxy.upstream.SpoofPolicy;
import io.inpod.tproxy.upstream.SpoofingException;
import io.inpod.tproxy.upstream.UpstreamConnection;
import io.inpod.tproxy.upstream.UpstreamConnector;
import io.inpod.tproxy.upstream.UpstreamOptions;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The source ports of spoofed connections. */
@Timeout(180)
class SpoofedPortsTest {
    private static final UpstreamOptions MARKED = UpstreamOptions.DEFAULT.withSockets(TestProxy.MARKED);
    private static final String CLIENT = "10.9.9.9";
    private static final String CLIENT_V6 = "2001:db8::99";
    private static final int SERVER_PORT = 9000;
    private static final int WINDOW = 100;
    private static final int LOCAL_TABLE = 255; // the kernel's own, see ip-route(8)

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final List<UpstreamConnection> open = new ArrayList<>();
    private final List<UpstreamConnector> connectors = new ArrayList<>();

    @AfterEach
    void close() throws InterruptedException {
        open.forEach(connection -> connection.channel().close());
        connectors.forEach(UpstreamConnector::close);
        loops.shutdownGracefully(100, 20_000, TimeUnit.MILLISECONDS).sync();
    }

    private UpstreamConnector closed(UpstreamConnector connector) {
        connectors.add(connector);
        return connector;
    }

    private static NetworkNamespace prepared(PodNetwork network) throws IOException {
        DualStack.prepare(network);
        NetworkNamespace pod = network.pod(0).namespace();
        DualStack.ROUTING.install(pod);
        TestProxy.redirect(pod);
        return pod;
    }

    private Future<UpstreamConnection> start(UpstreamConnector connector, String client, InetAddress server) throws IOException {
        return connector.connect(loops.next(), new ClientAddress(InetAddress.getByName(client)),
                new DestinationAddress(new InetSocketAddress(server, SERVER_PORT)), new ChannelInboundHandlerAdapter());
    }

    private int port(Future<UpstreamConnection> connecting) throws Exception {
        UpstreamConnection connection = connecting.get(60, TimeUnit.SECONDS);
        assertThat(connection.spoofed()).isTrue();
        open.add(connection);
        return connection.channel().localAddress().getPort();
    }

    private static ServerSocket server(NetworkNamespace pod, int port) throws Exception {
        ServerSocket server = pod.call(() -> ServerSocketChannel.open()).socket();
        server.bind(new InetSocketAddress(port), 4096);
        return server;
    }

    @Test
    @Pods
    void leavesOutWhatTheNamespaceUsesItself(PodNetwork network) throws Exception {
        NetworkNamespace pod = prepared(network);
        Tool.run(pod, "sysctl", "-w", "net.ipv4.ip_local_port_range=20010 60999", "net.ipv4.ip_local_reserved_ports=20000,20002-20003");
        try (ServerSocket server = server(pod, SERVER_PORT); ServerSocket other = server(pod, 20005)) {
            UpstreamConnector connector = closed(new UpstreamConnector(pod, MARKED.withPorts(new PortRange(20000, 20020))));
            List<Integer> ports = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                ports.add(port(start(connector, CLIENT, network.pod(0).address())));
                server.accept().close();
            }
            assertThat(ports).containsExactlyInAnyOrder(20001, 20004, 20006, 20007, 20008, 20009);
            assertThat(other.isBound()).isTrue();
        }
    }

    /** The range is read in the pod, not in the caller's namespace. */
    @Test
    @Pods
    void saysWhatHelpsIfNoPortIsLeft(PodNetwork network) throws Exception {
        NetworkNamespace pod = prepared(network);
        Tool.run(pod, "sysctl", "-w", "net.ipv4.ip_local_port_range=1024 65000");
        try (ServerSocket server = server(pod, SERVER_PORT)) {
            UpstreamConnector required = closed(new UpstreamConnector(pod, MARKED));
            assertThat(start(required, CLIENT, network.pod(0).address()).await().cause()).isInstanceOf(SpoofingException.class)
                    .hasMessageContaining("no source port of 16000-31999 is left").hasMessageContaining("ip_local_port_range is 1024-65000");
            UpstreamConnector preferred = closed(new UpstreamConnector(pod, MARKED.withPolicy(SpoofPolicy.PREFER)));
            UpstreamConnection connection = start(preferred, CLIENT, network.pod(0).address()).get(60, TimeUnit.SECONDS);
            open.add(connection);
            assertThat(connection.spoofed()).isFalse();
            assertThat(connection.fallbackReason()).isInstanceOf(SpoofingException.class);
            assertThat(preferred.fallbacks()).isEqualTo(1);
            assertThat(required.fallbacks()).isZero();
            assertThat(List.of(required.portless(), preferred.portless())).containsOnly(1L);
            server.accept().close();
        }
    }

    /** A socket begins to listen on a port of the range after the connector was created. */
    @Test
    @Pods
    void skipsAPortThatIsListenedOnLater(PodNetwork network) throws Exception {
        NetworkNamespace pod = prepared(network);
        UpstreamConnector connector = closed(new UpstreamConnector(pod, MARKED.withPorts(new PortRange(20000, 20001))));
        try (ServerSocket server = server(pod, SERVER_PORT); ServerSocket late = server(pod, 20000)) {
            assertThat(port(start(connector, CLIENT, network.pod(0).address()))).isEqualTo(20001);
            assertThat(late.isBound()).isTrue();
            server.accept().close();
        }
    }

    /** The client has a connection of its own to the same server. Another one with its addresses and ports would break it. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @Pods(2)
    void leavesOutWhatTheClientUsesItself(boolean ownRange, PodNetwork network) throws Exception {
        NetworkNamespace pod = prepared(network);
        int used = ownRange ? 20000 : 40000;
        Tool.run(pod, "sysctl", "-w", "net.ipv4.ip_local_reserved_ports=" + (ownRange ? "" : "16000-31999"), "net.ipv4.ip_local_port_range=40000 40001");
        UpstreamConnector one = closed(new UpstreamConnector(pod, MARKED.withPorts(ownRange ? new PortRange(20000, 20000) : null)));
        UpstreamConnector two = closed(new UpstreamConnector(pod, MARKED.withPorts(ownRange ? new PortRange(20000, 20001) : null)));
        String client = network.pod(1).address().getHostAddress();
        try (ServerSocket server = server(pod, SERVER_PORT);
                Socket direct = network.pod(1).namespace().<SocketChannel, IOException>call(SocketChannel::open).socket()) {
            direct.bind(new InetSocketAddress(network.pod(1).address(), used));
            direct.connect(new InetSocketAddress(network.pod(0).address(), SERVER_PORT), 30_000);
            try (Socket accepted = server.accept()) {
                for (int i = 0; i < 2 && ownRange; i++) {
                    assertThat(start(one, client, network.pod(0).address()).await().cause()).isInstanceOf(SpoofingException.class).hasMessageContaining("in use");
                }
                assertThat(port(start(two, client, network.pod(0).address()))).isEqualTo(used + 1);
                server.accept().close();
                direct.getOutputStream().write(7);
                assertThat(accepted.getInputStream().read()).isEqualTo(7);
            }
        }
    }

    /**
     * Connects one client to as many servers as descriptors permit: half with ports from a range, half with the namespace's own ports,
     * of which there are only a tenth as many as connections. A connection takes a descriptor on each side.
     */
    @Test
    @Pods
    void sharesPortsAmongDestinations(PodNetwork network) throws Exception {
        NetworkNamespace pod = prepared(network);
        UnixOperatingSystemMXBean system = (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        int each = (int) Math.min(4500, (system.getMaxFileDescriptorCount() - system.getOpenFileDescriptorCount() - 500) / 4);
        int ports = each / 10;
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            inside.routes().add(new Route(IpFamily.V4, Route.Type.LOCAL, InetAddress.getByName("10.78.0.0"), 16, null, "lo", LOCAL_TABLE));
            inside.routes().add(new Route(IpFamily.V6, Route.Type.LOCAL, InetAddress.getByName("2001:db8:78::"), 64, null, "lo", LOCAL_TABLE));
        }
        Tool.run(pod, "sysctl", "-w", "net.ipv4.ip_local_reserved_ports=16000-31999", "net.ipv4.ip_local_port_range=40000 " + (40000 + ports - 1));
        UpstreamConnector ranged = closed(new UpstreamConnector(pod, MARKED.withPorts(new PortRange(10000, 10000 + ports - 1))));
        UpstreamConnector locals = closed(ranged.withPorts(null));
        List<SocketChannel> accepted = new ArrayList<>();
        try (ServerSocketChannel server = pod.call(() -> ServerSocketChannel.open())) {
            server.bind(new InetSocketAddress("::", SERVER_PORT), 4096);
            Deque<Future<UpstreamConnection>> pending = new ArrayDeque<>();
            for (int i = 0; i < 2 * each; i++) {
                int n = i / 2;
                IpFamily family = n % 8 == 7 ? IpFamily.V6 : IpFamily.V4;
                InetAddress to = InetAddress.getByName(family == IpFamily.V4
                        ? "10.78." + n / 250 + "." + (1 + n % 250) : "2001:db8:78::" + Integer.toHexString(n + 1));
                pending.add(start(i % 2 == 0 ? ranged : locals, family == IpFamily.V4 ? CLIENT : CLIENT_V6, to));
                if (pending.size() == WINDOW || i == 2 * each - 1) {
                    while (!pending.isEmpty()) {
                        port(pending.remove());
                        accepted.add(server.accept());
                    }
                }
            }
            assertThat(open).hasSize(2 * each);
            long fromLocal = open.stream().filter(connection -> connection.channel().localAddress().getPort() >= 40000).count();
            assertThat(fromLocal).isEqualTo(each);
            long clients = accepted.stream().map(SpoofedPortsTest::peer).filter(List.of("/" + CLIENT, "/2001:db8:0:0:0:0:0:99")::contains).count();
            assertThat(clients).isEqualTo(2L * each);
            assertThat(Tool.run(pod, "ss", "-Htn", "state", "established", "dport", "=", String.valueOf(SERVER_PORT)).lines().count())
                    .isEqualTo(2L * each);
        } finally {
            TestProxy.close(accepted);
        }
    }

    private static String peer(SocketChannel accepted) {
        return accepted.socket().getInetAddress().toString();
    }

    /** Without the mark, the rules redirect the connection to the proxy itself, which recognises it by its addresses. */
    @Test
    @Pods
    void aWrongMarkEndsInAnErrorNotInALoop(PodNetwork network) throws Exception {
        NetworkNamespace pod = prepared(network);
        // The pod's own connections are redirected in OUTPUT, not when they come in again over loopback.
        DualStack.restore(pod, "*nat", "-A OUTPUT -p tcp --dport 8080 -m mark ! --mark 0x539/0xfff -j REDIRECT --to-ports 15006", "COMMIT");
        OwnConnections own = new OwnConnections();
        Recorder recorder = new Recorder(loops);
        AcceptRules rules = AcceptRules.ofPorts(java.util.Set.of(TestProxy.PROXY_PORT), own);
        UpstreamOptions wrong = MARKED.withSockets(TestProxy.MARKED.with(io.inpod.netns.socket.LinuxSocketOptions.MARK, 0x538)).withConnectTimeout(Duration.ofSeconds(2));
        try (AcceptLoop loop = AcceptLoop.listen(pod, new InetSocketAddress("::", TestProxy.PROXY_PORT), TestProxy.MARKED, loops.next(), rules, recorder)) {
            UpstreamConnector connector = closed(new UpstreamConnector(pod, wrong, own));
            // From the pod's own address, the connection comes back to the proxy.
            Future<UpstreamConnection> plain = connector.connect(loops.next(),
                    new DestinationAddress(new InetSocketAddress(network.pod(0).address(), TestProxy.APP_PORT)), new ChannelInboundHandlerAdapter());
            assertThat(recorder.refusals.poll(30, TimeUnit.SECONDS)).contains("has it lost its mark?");
            endsSoon(plain);
            // From a foreign address, no route brings the replies back.
            Future<UpstreamConnection> spoofed = connector.connect(loops.next(), new ClientAddress(InetAddress.getByName(CLIENT)),
                    new DestinationAddress(new InetSocketAddress(network.pod(0).address(), TestProxy.APP_PORT)), new ChannelInboundHandlerAdapter());
            assertThat(spoofed.await().cause()).isInstanceOf(IOException.class);
            assertThat(recorder.picked).isEmpty();
            assertThat(loop.channel().isActive()).isTrue();
        }
    }

    private static void endsSoon(Future<UpstreamConnection> connecting) throws InterruptedException {
        try {
            assertThat(connecting.get().channel().closeFuture().await(30, TimeUnit.SECONDS)).isTrue();
        } catch (ExecutionException refused) {
            assertThat(refused).hasCauseInstanceOf(IOException.class);
        }
    }
}
