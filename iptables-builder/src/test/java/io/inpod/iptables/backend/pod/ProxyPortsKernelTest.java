package io.inpod.iptables.backend.pod;

import static io.inpod.netns.socket.LinuxSocketOptions.REUSE_ADDRESS;
import static io.inpod.netns.socket.LinuxSocketOptions.REUSE_PORT;
import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process that listens on the proxy's ports without IP_TRANSPARENT, which needs a capability, gets no connection; the proxy does. */
@Pods(2)
@Timeout(120)
class ProxyPortsKernelTest {
    private static final int PATIENCE = 30_000;
    private static final int ROUND_TRIPS = 2;
    private static final SocketOptions FOREIGN = SocketOptions.NONE.with(REUSE_ADDRESS, true).with(REUSE_PORT, true);
    private static final SocketOptions PROXY = FOREIGN.with(TRANSPARENT, true);
    private static final String[][] PAIRS = {{"10.77.0.2", "10.77.0.3"}, {"fd77::2", "fd77::3"}};

    /** A client waits while a foreign process has the port, and is served as soon as the proxy has it. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "iptables-nft", "iptables-legacy", "nft"})
    void onlyTransparentListenersGetConnections(String backend, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        NetworkNamespace peer = network.pod(1).namespace();
        install(backend, network);
        try (Selector connected = Selector.open(); Selector accepted = Selector.open(); Listeners foreign = new Listeners(pod, FOREIGN, accepted)) {
            List<SocketChannel> clients = new ArrayList<>();
            for (String[] pair : PAIRS) {
                clients.add(begin(pod, pair[1], 8080, connected));
                clients.add(begin(pod, pair[1], 53, connected));
                clients.add(begin(peer, pair[0], 8080, connected));
                clients.add(begin(peer, pair[0], 15008, connected));
            }
            for (int i = 0; i < ROUND_TRIPS; i++) {
                for (String[] pair : PAIRS) {
                    Fence.pass(pod, pod, InetAddress.getByName(pair[0]));
                    Fence.pass(pod, peer, InetAddress.getByName(pair[1]));
                    Fence.pass(peer, pod, InetAddress.getByName(pair[0]));
                }
            }
            assertThat(connected.selectNow()).isZero();
            assertThat(accepted.selectNow()).isZero();
            try (Selector served = Selector.open(); Listeners proxy = new Listeners(pod, PROXY, served)) {
                assertThat(proxy.ports).hasSize(4);
                foreign.stop(); // while both listened, the kernel chose one of them for each segment
                assertThat(accepted.selectNow()).isZero(); // only now are they closed: the selector held them
                while (clients.stream().anyMatch(client -> !client.isConnected())) {
                    connected.selectedKeys().clear();
                    assertThat(connected.select(PATIENCE)).isPositive();
                    for (SelectionKey key : connected.selectedKeys()) {
                        assertThat(((SocketChannel) key.channel()).finishConnect()).isTrue();
                        key.cancel();
                    }
                }
                assertThat(served.selectNow()).isEqualTo(4);
            }
            for (SocketChannel client : clients) {
                client.close();
            }
        }
    }

    /** Where nobody listens, the client hears so at once. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet"})
    void portsWithoutAListenerAreRefused(String backend, PodNetwork network) throws Exception {
        install(backend, network);
        for (String[] pair : PAIRS) {
            assertThatThrownBy(() -> connect(network.pod(0).namespace(), pair[1], 8080)).isInstanceOf(ConnectException.class);
            assertThatThrownBy(() -> connect(network.pod(1).namespace(), pair[0], 8080)).isInstanceOf(ConnectException.class);
            assertThatThrownBy(() -> connect(network.pod(1).namespace(), pair[0], 15008)).isInstanceOf(ConnectException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "iptables-nft", "iptables-legacy", "nft"})
    void onlyATransparentSocketGetsQueries(String backend, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        install(backend, network);
        for (String[] pair : PAIRS) {
            try (DatagramChannel app = JdkChannels.datagram(pod, SocketOptions.NONE)) {
                app.connect(new InetSocketAddress(pair[1], 53));
                try (DatagramChannel foreign = receiver(pod, SocketOptions.NONE)) {
                    app.write(ByteBuffer.wrap("one".getBytes(StandardCharsets.US_ASCII)));
                    assertThat(foreign.configureBlocking(false)).isSameAs(foreign); // over loopback, what is sent has arrived
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

    private static void install(String backend, PodNetwork network) throws Exception {
        for (int i = 0; i < 2; i++) {
            try (Rtnetlink inside = Rtnetlink.open(network.pod(i).namespace())) {
                inside.addresses().add("eth0", InetAddress.getByName(PAIRS[1][i]), 64);
            }
        }
        PodRules rules = PodRules.of(InPodRedirection.of(IpFamily.V4).withDnsCapture(true), InPodRedirection.of(IpFamily.V6).withDnsCapture(true));
        PodRulesChange change = new PodRulesChange(rules, List.of(Backends.named(backend).orElseThrow()), reason -> {
        });
        change.install(network.pod(0).namespace());
        change.verify(network.pod(0).namespace());
    }

    private static SocketChannel begin(NetworkNamespace from, String to, int port, Selector connected) throws IOException {
        SocketChannel client = JdkChannels.client(from, SocketOptions.NONE);
        client.configureBlocking(false);
        assertThat(client.connect(new InetSocketAddress(to, port))).isFalse();
        client.register(connected, SelectionKey.OP_CONNECT);
        return client;
    }

    private static void connect(NetworkNamespace from, String to, int port) throws IOException {
        try (SocketChannel client = JdkChannels.client(from, SocketOptions.NONE)) {
            client.socket().connect(new InetSocketAddress(to, port), PATIENCE);
        }
    }

    /** Listeners on the ports to which the rules lead. */
    private static final class Listeners implements AutoCloseable {
        final List<ServerSocketChannel> ports = new ArrayList<>();

        Listeners(NetworkNamespace pod, SocketOptions options, Selector accepted) throws IOException {
            for (int port : new int[] {15001, 15006, 15008, 15053}) {
                ServerSocketChannel listener = JdkChannels.listen(pod, options, new InetSocketAddress(port));
                listener.configureBlocking(false);
                listener.register(accepted, SelectionKey.OP_ACCEPT);
                ports.add(listener);
            }
        }

        @Override
        public void close() throws IOException {
            stop();
        }

        void stop() throws IOException {
            for (ServerSocketChannel port : ports) {
                port.close();
            }
        }
    }
}
