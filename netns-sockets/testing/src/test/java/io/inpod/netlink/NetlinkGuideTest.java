package io.inpod.netlink;

import static io.inpod.netlink.diag.SocketState.ESTABLISHED;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netlink.LinkKind.Macvlan;
import io.inpod.netlink.diag.InetSocket;
import io.inpod.netlink.diag.SocketDiag;
import io.inpod.netlink.diag.SocketFilter;
import io.inpod.netlink.diag.SocketQuery;
import io.inpod.netlink.diag.TcpInfo;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.Test;

/** The code in the guide. */
@Pods(2)
class NetlinkGuideTest {
    @Test
    void builtFromAShortBeginning(PodNetwork pods) throws IOException {
        InetAddress net = InetAddress.getByName("10.5.0.0");
        InetAddress router = InetAddress.getByName("10.9.0.2");
        try (NetworkNamespace pod = NetworkNamespace.create(); Rtnetlink network = Rtnetlink.open(pods.node())) {
            network.links().create(NewLink.veth("uplink", "far").up());
            network.links().up("far");
            network.addresses().add("uplink", InetAddress.getByName("10.9.0.1"), 24);
            // docs/netns-sockets.md: begin
            network.links().create(NewLink.macvlan("eth0", "uplink", Macvlan.Mode.BRIDGE).in(pod).withMtu(1400).up());
            network.routes().add(Route.to(net, 16).withGateway(router).withLink("uplink").withMetric(100));
            network.rules().add(PolicyRule.lookup(IpFamily.V4, 100, 1000).withMark(0x7, 0xf));
            // docs/netns-sockets.md: end
            assertThat(Tool.run(pod, "ip", "-o", "link", "show", "eth0")).contains("mtu 1400", "UP");
            assertThat(Tool.run(pods.node(), "ip", "route")).contains("10.5.0.0/16 via 10.9.0.2 dev uplink metric 100");
            assertThat(Tool.run(pods.node(), "ip", "rule")).contains("100:	from all fwmark 0x7/0xf lookup 1000");
        }
    }

    @Test
    void socketsAreListedAndEnded(PodNetwork pods) throws IOException {
        NetworkNamespace pod = pods.pod(0).namespace();
        InetAddress peer = pods.pod(1).address();
        try (ServerSocketChannel server = pods.pod(1).namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
                SocketChannel client = pod.<SocketChannel, IOException>call(SocketChannel::open);
                SocketDiag sockets = SocketDiag.open(pod)) {
            server.bind(new InetSocketAddress(peer, 8080));
            client.connect(new InetSocketAddress(peer, 8080));
            // docs/netns-sockets.md: begin
            SocketFilter port = SocketFilter.localPort(8080).or(SocketFilter.remotePort(8080));
            for (InetSocket socket : sockets.list(SocketQuery.tcp().in(ESTABLISHED).where(port).withTcpInfo())) {
                TcpInfo info = socket.tcpInfo(); // round trips, bytes, retransmissions, windows
                System.out.println(socket.remote() + " " + info.roundTrip() + " " + info.bytesRetransmitted());
            }
            sockets.destroy(SocketQuery.tcp().where(SocketFilter.remote(peer, 32))); // as ss --kill does
            // docs/netns-sockets.md: end
            assertThat(Tool.run(pod, "ss", "-Htan")).isEmpty();
        }
    }
}
