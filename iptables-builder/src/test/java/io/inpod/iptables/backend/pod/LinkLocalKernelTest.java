package io.inpod.iptables.backend.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A pod's connections to link-local addresses of IPv6, which can't be redirected, are refused at once. The proxy's are not. */
@Pods(2)
class LinkLocalKernelTest {
    private static final String CONNECT = """
            import socket, sys
            client = socket.socket(socket.AF_INET6)
            client.settimeout(20)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, int(sys.argv[1]))
            print(client.connect_ex(('fe80::77', 8080, 0, socket.if_nametoindex('eth0'))))
            """;

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "iptables-nft", "iptables-legacy", "nft"})
    void areRefusedUnlessTheyAreTheProxys(String backend, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        NetworkNamespace router = network.pod(1).namespace();
        for (int i = 0; i < 2; i++) {
            Tool.run(network.pod(i).namespace(), "sysctl", "-q", "-w", "net.ipv6.conf.eth0.accept_dad=0");
            try (Rtnetlink inside = Rtnetlink.open(network.pod(i).namespace())) {
                inside.addresses().add("eth0", InetAddress.getByName("fe80::" + (76 + i)), 64);
            }
        }
        try (ServerSocketChannel server = router.<ServerSocketChannel, IOException>call(ServerSocketChannel::open)) {
            server.bind(new InetSocketAddress("::", 8080));
            assertThat(connect(pod, 0)).isEqualTo("0");
            PodRulesChange rules = new PodRulesChange(PodRules.of(InPodRedirection.of(IpFamily.V4), InPodRedirection.of(IpFamily.V6)),
                    List.of(Backends.named(backend).orElseThrow()), reason -> {
                    });
            rules.install(pod);
            rules.verify(pod);
            assertThat(connect(pod, 0)).as("ECONNREFUSED").isEqualTo("111");
            assertThat(connect(pod, 0x539)).isEqualTo("0");
            rules.remove(pod);
            assertThat(connect(pod, 0)).isEqualTo("0");
        }
    }

    private static String connect(NetworkNamespace from, int mark) throws IOException {
        return Tool.run(from, "python3", "-c", CONNECT, String.valueOf(mark)).strip();
    }
}
