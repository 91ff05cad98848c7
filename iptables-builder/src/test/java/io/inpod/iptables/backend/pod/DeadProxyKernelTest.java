package io.inpod.iptables.backend.pod;

import static org.assertj.core.api.Assertions.assertThat;

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
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a proxy that has ended leaves behind opens no way to those who take its ports. */
@Pods(2)
@Timeout(120)
class DeadProxyKernelTest {
    private static final int PATIENCE = 30_000;
    private static final int FIRST_SEGMENTS = 2; // what remains of the proxy may end by the answer to the first
    private static final int ROUND_TRIPS = 2;
    private static final int APP = 8080;

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
        void connect(PodNetwork network) throws IOException {
            try (SocketChannel channel = client(network)) {
                Socket socket = channel.socket();
                socket.setSoTimeout(PATIENCE);
                socket.connect(destination(network), PATIENCE);
                assertThat(socket.getInputStream().read()).isEqualTo(-1);
            }
        }

        SocketChannel begin(PodNetwork network) throws IOException {
            SocketChannel channel = client(network);
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.SO_LINGER, 0); // so that its port is free again at once
            assertThat(channel.connect(destination(network))).as("%s", this).isFalse();
            return channel;
        }

        private SocketChannel client(PodNetwork network) throws IOException {
            Pod pod = network.pod(inbound ? 1 : 0);
            SocketChannel channel = JdkChannels.client(pod.namespace(), SocketOptions.NONE);
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            channel.bind(new InetSocketAddress(pod.address(), from));
            return channel;
        }

        private InetSocketAddress destination(PodNetwork network) {
            return new InetSocketAddress(network.pod(inbound ? 0 : 1).address(), to);
        }
    }

    /** Connects along all paths. What follows arrives later than the connections' segments and the answers to them. */
    private static void connectInVain(PodNetwork network) throws IOException {
        List<SocketChannel> clients = new ArrayList<>();
        try {
            for (Path path : Path.ALL) {
                clients.add(path.begin(network));
            }
            for (int i = 0; i < ROUND_TRIPS; i++) {
                pass(network.pod(0), network.pod(0));
                pass(network.pod(0), network.pod(1));
                pass(network.pod(1), network.pod(0));
            }
            for (SocketChannel client : clients) {
                assertThat(hears(client)).as("%s", client).isFalse();
            }
        } finally {
            for (SocketChannel client : clients) {
                client.close();
            }
        }
    }

    /** Whether the other side sends something, or ends. To the client alone, the connection may look established. */
    private static boolean hears(SocketChannel client) throws IOException {
        try {
            return client.finishConnect() && client.read(ByteBuffer.allocate(1)) != 0;
        } catch (ConnectException e) {
            return false; // refused
        }
    }

    /**
     * Whether TIME-WAIT remains of a path's connection, once its client has nothing left of it. It doesn't where the client has repeated its
     * last segment, on a busy machine: the second answer to it finds no connection, and the reset that follows ends TIME-WAIT.
     */
    private static boolean remains(Path path, PodNetwork network) throws IOException {
        String client = network.pod(path.inbound ? 1 : 0).address().getHostAddress() + ":" + path.from;
        NetworkNamespace pod = network.pod(0).namespace();
        for (NetworkNamespace namespace : List.of(network.pod(path.inbound ? 1 : 0).namespace(), pod)) {
            while (Tool.run(namespace, "ss", "-Htan", "exclude", "time-wait").replace("]", "").contains(client)) {
                Thread.onSpinWait();
            }
        }
        return Tool.run(pod, "ss", "-Htan", "state", "time-wait").contains(client);
    }

    private static void pass(Pod from, Pod to) throws IOException {
        Fence.pass(from.namespace(), to.namespace(), to.address());
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
                    do {
                        path.connect(network);
                    } while (!remains(path, network));
                }
            }
            if (squatted) {
                squatters.add(PythonProcess.startWithoutCapabilities(pod, SQUATTER));
                assertThat(squatters.get(0).line()).isEqualTo("ready");
            }
            for (int i = 0; i < FIRST_SEGMENTS; i++) {
                connectInVain(network);
            }
            assertThat(app.accept()).isNull();
            for (PythonProcess squatter : squatters) {
                squatter.say("");
                assertThat(squatter.line()).isEqualTo("[]");
            }
        } finally {
            squatters.forEach(PythonProcess::close);
        }
    }
}
