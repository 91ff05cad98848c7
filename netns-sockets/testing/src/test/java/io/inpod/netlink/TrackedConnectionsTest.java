package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.Test;

/** What connection tracking knows of a pod's connections. */
@Pods(2)
class TrackedConnectionsTest {
    @Test
    void anOpenConnectionIsFoundInBothDirectionsUntilItEnds(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        Tool.run(pod, "nft", "add table ip tracked; add chain ip tracked seen { type filter hook prerouting priority 0; }; add rule ip tracked seen ct state new accept");
        InetSocketAddress to = new InetSocketAddress(network.pod(0).address(), 8080);
        InetSocketAddress from = new InetSocketAddress(network.pod(1).address(), 40000);
        try (TrackedConnections connections = TrackedConnections.open(pod);
                ServerSocketChannel server = pod.<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
                SocketChannel client = network.pod(1).namespace().<SocketChannel, IOException>call(SocketChannel::open)) {
            server.bind(to);
            assertThat(connections.isOpen(from, to)).isFalse();
            client.bind(from);
            client.connect(to);
            try (SocketChannel accepted = server.accept()) {
                assertThat(connections.isOpen(from, to)).isTrue();
                assertThat(connections.isOpen(to, from)).isTrue();
                assertThat(connections.isOpen(new InetSocketAddress(from.getAddress(), 40001), to)).isFalse();
                assertThat(connections.isOpen(from, new InetSocketAddress(to.getAddress(), 8081))).isFalse();
                accepted.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
            assertThat(connections.isOpen(from, to)).as("the connection has been reset").isFalse();
        }
    }

    @Test
    void nothingIsKnownOfAddressesOfTheOtherFamily(PodNetwork network) throws IOException {
        try (TrackedConnections connections = TrackedConnections.open(network.pod(0).namespace())) {
            InetAddress address = InetAddress.getByName("fd00::1");
            assertThat(connections.isOpen(new InetSocketAddress(address, 1), new InetSocketAddress(address, 2))).isFalse();
        }
    }
}
