package io.inpod.iptables.backend.pod;

import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netlink.PolicyRule;
import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A process that listens on the proxy's ports without IP_TRANSPARENT, which needs a capability, gets no connection; the proxy does. */
@Pods(2)
@Timeout(120)
class ProxyPortsKernelTest {
    private static final int PATIENCE = 30_000;
    private static final int UNANSWERED = 2_500; // the first SYN and one more
    private static final int APP = 8080;
    private static final String[][] ADDRESSES = {{"10.77.0.2", "10.77.0.3"}, {"fd77::2", "fd77::3"}};

    /** A proxy that ends each connection, so that TIME-WAIT remains at its own side. */
    private static final String PROXY = """
            import select, socket
            ports = []
            for port in 15001, 15006, 15008, 15053:
                s = socket.socket()
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.setsockopt(socket.SOL_IP, 19, 1) # IP_TRANSPARENT
                s.bind(("", port))
                s.listen()
                ports.append(s)
            print("ready", flush=True)
            while True:
                for s in select.select(ports, [], [])[0]:
                    s.accept()[0].close()
            """;

    /** Says on request at which ports it has connections. */
    private static final String SQUATTER = """
            import socket, sys
            ports = {}
            for port in 15001, 15006, 15008, 15053:
                s = socket.socket()
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("", port))
                s.listen()
                s.setblocking(False)
                ports[port] = s
            print("ready", flush=True)
            for line in sys.stdin:
                got = []
                for port, s in ports.items():
                    try:
                        s.accept()
                        got.append(port)
                    except BlockingIOError:
                        pass
                print(got, flush=True)
            """;

    /** A connection that ends at one of the proxy's ports. */
    private record Path(boolean inbound, int from, int to) {
        static final List<Path> ALL = List.of(new Path(false, 4001, APP), new Path(false, 4002, 53), new Path(true, 4003, APP),
                new Path(true, 4004, InPodConstants.HBONE_PORT));

        /** Connects from its port, and reads until the other side ends. */
        void connect(PodNetwork network, int patience) throws IOException {
            int client = inbound ? 1 : 0;
            try (SocketChannel channel = JdkChannels.client(network.pod(client).namespace(), SocketOptions.NONE)) {
                channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
                channel.bind(new InetSocketAddress(network.pod(client).address(), from));
                Socket socket = channel.socket();
                socket.setSoTimeout(patience);
                socket.connect(new InetSocketAddress(network.pod(1 - client).address(), to), patience);
                assertThat(socket.getInputStream().read()).isEqualTo(-1);
            }
        }
    }

    private static void install(NetworkNamespace pod, String backend, Profile profile) throws IOException {
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            for (IpFamily family : IpFamily.values()) {
                inside.rules().add(new PolicyRule(family, InPodConstants.RULE_PRIORITY, InPodConstants.TPROXY_MARK, InPodConstants.MARK_MASK,
                        InPodConstants.ROUTING_TABLE));
                inside.routes().add(Route.localDefault(family, "lo", InPodConstants.ROUTING_TABLE));
            }
        }
        new PodRulesChange(PodRules.of(redirection(IpFamily.V4, profile), redirection(IpFamily.V6, profile)),
                List.of(Backends.named(backend).orElseThrow()), reason -> {
                }).install(pod);
    }

    private static InPodRedirection redirection(IpFamily family, Profile profile) {
        return InPodRedirection.of(family).withProfile(profile).withDnsCapture(true);
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "iptables-nft", "iptables-legacy", "nft"})
    void onlyTransparentListenersGetConnections(String backend, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        NetworkNamespace peer = network.pod(1).namespace();
        giveIpv6(network);
        install(pod, backend, Profile.REDIRECT);
        try (Listeners foreign = new Listeners(pod, SocketOptions.NONE)) {
            assertThat(foreign.ports).hasSize(4);
            for (String[] pair : ADDRESSES) {
                assertThatThrownBy(() -> connect(pod, pair[1], APP)).isInstanceOf(ConnectException.class);
                assertThatThrownBy(() -> connect(pod, pair[1], 53)).isInstanceOf(ConnectException.class);
                assertThatThrownBy(() -> connect(peer, pair[0], APP)).isInstanceOf(ConnectException.class);
                assertThatThrownBy(() -> connect(peer, pair[0], 15008)).isInstanceOf(ConnectException.class);
            }
        }
        try (Listeners proxy = new Listeners(pod, SocketOptions.NONE.with(TRANSPARENT, true))) {
            assertThat(proxy.ports).hasSize(4);
            for (String[] pair : ADDRESSES) {
                connect(pod, pair[1], APP);
                connect(pod, pair[1], 53);
                connect(peer, pair[0], APP);
                connect(peer, pair[0], 15008);
            }
        }
    }

    private static void giveIpv6(PodNetwork network) throws IOException {
        for (int i = 0; i < 2; i++) {
            try (Rtnetlink inside = Rtnetlink.open(network.pod(i).namespace())) {
                inside.addresses().add("eth0", InetAddress.getByName("fd77::" + (2 + i)), 64);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "iptables-nft", "iptables-legacy", "nft"})
    void onlyATransparentSocketGetsQueries(String backend, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        giveIpv6(network);
        install(pod, backend, Profile.REDIRECT);
        for (String[] pair : ADDRESSES) {
            try (DatagramChannel app = JdkChannels.datagram(pod, SocketOptions.NONE)) {
                app.connect(new InetSocketAddress(pair[1], 53));
                try (DatagramChannel foreign = receiver(pod, SocketOptions.NONE)) {
                    app.write(ByteBuffer.wrap("one".getBytes(StandardCharsets.US_ASCII)));
                    assertThatThrownBy(() -> app.read(ByteBuffer.allocate(8))).isInstanceOf(PortUnreachableException.class);
                    assertThat(foreign.configureBlocking(false)).isSameAs(foreign);
                    assertThat(foreign.receive(ByteBuffer.allocate(8))).isNull();
                }
                try (DatagramChannel proxy = receiver(pod, SocketOptions.NONE.with(TRANSPARENT, true))) {
                    ByteBuffer query = ByteBuffer.allocate(8);
                    app.write(ByteBuffer.wrap("two".getBytes(StandardCharsets.US_ASCII)));
                    assertThat(proxy.receive(query)).isNotNull();
                    assertThat(new String(query.array(), 0, query.position(), StandardCharsets.US_ASCII)).isEqualTo("two");
                }
            }
        }
    }

    private static DatagramChannel receiver(NetworkNamespace pod, SocketOptions options) throws IOException {
        DatagramChannel channel = JdkChannels.datagram(pod, options);
        channel.bind(new InetSocketAddress(InPodConstants.DNS_PORT));
        return channel;
    }

    /**
     * What remains of the proxy's connections is still transparent. Whether user 0 of the pod has taken the ports, or only the application
     * listens: neither gets a connection from the same port.
     */
    @ParameterizedTest
    @CsvSource({"netlink, REDIRECT, true", "netlink, REDIRECT, false", "netlink, TPROXY, true", "netlink, TPROXY, false",
        "netlink-inet, REDIRECT, true", "netlink-inet, TPROXY, true", "iptables-legacy, REDIRECT, true", "iptables-legacy, TPROXY, false"})
    void whatRemainsOfADeadProxyLeadsToNobody(String backend, Profile profile, boolean squatted, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        install(pod, backend, profile);
        List<PythonProcess> squatters = new ArrayList<>();
        try (ServerSocketChannel app = JdkChannels.listen(pod, SocketOptions.NONE, new InetSocketAddress(APP))) {
            app.configureBlocking(false);
            try (PythonProcess proxy = PythonProcess.start(pod, PROXY)) {
                assertThat(proxy.line()).isEqualTo("ready");
                for (Path path : Path.ALL) {
                    path.connect(network, PATIENCE);
                }
            }
            while (Tool.run(pod, "ss", "-Htan", "state", "time-wait").lines().count() < Path.ALL.size()) {
                Thread.onSpinWait(); // until the clients' last segments have arrived
            }
            if (squatted) {
                squatters.add(PythonProcess.startWithoutCapabilities(pod, SQUATTER));
                assertThat(squatters.get(0).line()).isEqualTo("ready");
            }
            for (Path path : Path.ALL) {
                assertThatThrownBy(() -> path.connect(network, UNANSWERED)).as("%s", path).isInstanceOf(IOException.class);
            }
            assertThat(app.accept()).isNull();
            for (PythonProcess squatter : squatters) {
                squatter.input().write('\n');
                squatter.input().flush();
                assertThat(squatter.line()).isEqualTo("[]");
            }
        } finally {
            squatters.forEach(PythonProcess::close);
        }
    }

    private static void connect(NetworkNamespace from, String to, int port) throws IOException {
        try (SocketChannel client = JdkChannels.client(from, SocketOptions.NONE)) {
            client.socket().connect(new InetSocketAddress(to, port), PATIENCE);
        }
    }

    /** Listeners on the ports to which the rules lead. */
    private static final class Listeners implements AutoCloseable {
        final List<ServerSocketChannel> ports = new ArrayList<>();

        Listeners(NetworkNamespace pod, SocketOptions options) throws IOException {
            for (int port : new int[] {InPodConstants.OUTBOUND_PORT, InPodConstants.INBOUND_PLAINTEXT_PORT, InPodConstants.HBONE_PORT,
                InPodConstants.DNS_PORT}) {
                ports.add(JdkChannels.listen(pod, options, new InetSocketAddress(port)));
            }
        }

        @Override
        public void close() throws IOException {
            for (ServerSocketChannel port : ports) {
                port.close();
            }
        }
    }
}
