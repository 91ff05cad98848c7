package io.inpod.iptables.backend.pod;

import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netlink.Rtnetlink;
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
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process that listens on the proxy's ports without IP_TRANSPARENT, which needs a capability, gets no connection; the proxy does. */
@Pods(2)
class ProxyPortsKernelTest {
    private static final int PATIENCE = 30_000;

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "iptables-nft", "iptables-legacy", "nft"})
    void onlyTransparentListenersGetConnections(String backend, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        NetworkNamespace peer = network.pod(1).namespace();
        for (int i = 0; i < 2; i++) {
            try (Rtnetlink inside = Rtnetlink.open(network.pod(i).namespace())) {
                inside.addresses().add("eth0", InetAddress.getByName("fd77::" + (2 + i)), 64);
            }
        }
        new PodRulesChange(PodRules.of(InPodRedirection.of(IpFamily.V4), InPodRedirection.of(IpFamily.V6)),
                List.of(Backends.named(backend).orElseThrow()), reason -> {
                }).install(pod);
        try (Listeners foreign = new Listeners(pod, SocketOptions.NONE)) {
            assertThat(foreign.ports).hasSize(3);
            for (String[] pair : new String[][] {{"10.77.0.2", "10.77.0.3"}, {"fd77::2", "fd77::3"}}) {
                assertThatThrownBy(() -> connect(pod, pair[1], 8080, PATIENCE)).isInstanceOf(ConnectException.class);
                assertThatThrownBy(() -> connect(peer, pair[0], 8080, PATIENCE)).isInstanceOf(ConnectException.class);
                assertThatThrownBy(() -> connect(peer, pair[0], 15008, PATIENCE)).isInstanceOf(ConnectException.class);
            }
        }
        try (Listeners proxy = new Listeners(pod, SocketOptions.NONE.with(TRANSPARENT, true))) {
            assertThat(proxy.ports).hasSize(3);
            for (String[] pair : new String[][] {{"10.77.0.2", "10.77.0.3"}, {"fd77::2", "fd77::3"}}) {
                connect(pod, pair[1], 8080, PATIENCE);
                connect(peer, pair[0], 8080, PATIENCE);
                connect(peer, pair[0], 15008, PATIENCE);
            }
        }
    }

    private static void connect(NetworkNamespace from, String to, int port, int millis) throws IOException {
        try (SocketChannel client = JdkChannels.client(from, SocketOptions.NONE)) {
            client.socket().connect(new InetSocketAddress(to, port), millis);
        }
    }

    /** Listeners on the ports to which the rules lead. */
    private static final class Listeners implements AutoCloseable {
        final List<ServerSocketChannel> ports;

        Listeners(NetworkNamespace pod, SocketOptions options) throws IOException {
            ports = List.of(JdkChannels.listen(pod, options, new InetSocketAddress(15001)),
                    JdkChannels.listen(pod, options, new InetSocketAddress(15006)), JdkChannels.listen(pod, options, new InetSocketAddress(15008)));
        }

        @Override
        public void close() throws IOException {
            for (ServerSocketChannel port : ports) {
                port.close();
            }
        }
    }
}
