package io.inpod.iptables.backend.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.iptables.AddressSet.Element;
import io.inpod.iptables.Goldens;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.NetlinkBackend;
import io.inpod.iptables.pod.HostProbe;
import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A node's rules and sets: they are listed as in the golden files, change pod by pod, and affect real probes. */
@Pods(2)
class HostProbeKernelTest {
    private static final String SETS = "create istio-inpod-probes-v4 hash:ip family inet comment\ncreate istio-inpod-probes-v6 hash:ip family inet6 comment\n";

    private static InetAddress address(String text) {
        return IpPrefix.parse(text).address();
    }

    private static HostProbeChange change(String backend, IpFamily... families) {
        return new HostProbeChange(HostProbe.of(families), Backends.named(backend).orElseThrow());
    }

    /** Routes replies back to the node, whichever source address it uses. */
    private static void routeAnswers(NetworkNamespace pod) throws IOException {
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            inside.routes().add(Route.via(address("169.254.7.127"), 32, address("10.77.0.1")));
        }
    }

    @ParameterizedTest
    @CsvSource({"netlink, hostprobe.golden", "netlink, hostprobe_ipv6.golden", "iptables-nft, hostprobe.golden", "iptables-nft, hostprobe_ipv6.golden",
        "iptables-legacy, hostprobe_ipv6.golden"})
    void iptablesSaveListsTheGolden(String backend, String golden, PodNetwork network) throws Exception {
        NetworkNamespace ours = network.pod(0).namespace();
        NetworkNamespace theirs = network.pod(1).namespace();
        boolean both = golden.contains("ipv6");
        String suffix = backend.equals("iptables-legacy") ? "-legacy" : "-nft";
        for (NetworkNamespace each : List.of(ours, theirs)) { // an existing masquerade rule must not take precedence
            Kernel.run(each, "*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n", "iptables" + suffix + "-restore", "--noflush");
        }
        Kernel.run(theirs, SETS, "ipset", "restore");
        String[] parts = Goldens.read("iptables/" + golden).replaceFirst("iptables-save\nip6tables-save\n", "").split("(?=\\* nat)");
        change(backend, both ? IpFamily.values() : new IpFamily[] {IpFamily.V4}).install(ours, List.of(new Element(address("10.1.2.3"), "uid-1")));
        for (int i = 0; i < parts.length; i++) {
            String tool = (i == 0 ? "iptables" : "ip6tables") + suffix;
            Kernel.run(theirs, parts[i].strip() + "\n", tool + "-restore", "--noflush");
            assertThat(Kernel.listing(ours, tool + "-save")).isNotEmpty().isEqualTo(Kernel.listing(theirs, tool + "-save"));
        }
        assertThat(parts).hasSize(both ? 2 : 1);
        assertThat(Kernel.run(ours, "", "ipset", "save")).contains("add istio-inpod-probes-v4 10.1.2.3 comment \"uid-1\"");
    }

    @ParameterizedTest
    @CsvSource({"hostprobe.golden, 169.254.7.127", "hostprobe_ipv6.golden, 169.254.7.127 e9ac:1e77:90ca:399f:4d6d:ece2:2f9b:3164"})
    void nftListsTheGolden(String golden, String sources, PodNetwork network) throws Exception {
        NetworkNamespace ours = network.pod(0).namespace();
        NetworkNamespace theirs = network.pod(1).namespace();
        List<InetAddress> addresses = List.of(sources.split(" ")).stream().map(HostProbeKernelTest::address).toList();
        new HostProbeChange(new HostProbe(addresses, OptionalLong.of(1000)), NetlinkBackend.inet()).install(ours, List.of());
        Kernel.run(theirs, "table inet istio-ambient-nat {\nset istio-inpod-probes-v4 { type ipv4_addr; }\nset istio-inpod-probes-v6 { type ipv6_addr; }\n}\n"
                + Goldens.read("nftables/" + golden), "nft", "-f", "-");
        assertThat(chain(ours)).isNotEmpty().isEqualTo(chain(theirs));
    }

    private static String chain(NetworkNamespace namespace) throws Exception {
        return Kernel.run(namespace, "", "nft", "-s", "list", "chain", "inet", "istio-ambient-nat", "postrouting");
    }

    /** The source address that a pod sees shows whether a connection is treated as a probe. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "iptables-nft", "iptables-legacy"})
    void podsComeAndGo(String backend, PodNetwork network) throws Exception {
        NetworkNamespace node = network.node();
        InetAddress pod = network.pod(0).address();
        HostProbeChange probes = change(backend, IpFamily.values());
        probes.install(node, List.of());
        routeAnswers(network.pod(0).namespace());
        try (ServerSocketChannel app = JdkChannels.listen(network.pod(0).namespace(), SocketOptions.NONE, new InetSocketAddress(8080))) {
            assertThat(seenBy(app, node, pod)).isEqualTo("10.77.0.1");
            probes.add(node, "uid-1", List.of(pod, address("fd77::2")));
            probes.add(node, "uid-1", List.of(pod));
            assertThat(seenBy(app, node, pod)).isEqualTo("169.254.7.127");
            probes.add(node, "uid-2", List.of(pod)); // the address is reused before the old pod is removed
            assertThat(probes.remove(node, "uid-1")).containsExactly(address("fd77::2"));
            assertThat(seenBy(app, node, pod)).isEqualTo("169.254.7.127");
            assertThat(probes.remove(node, "uid-2")).containsExactly(pod);
            assertThat(probes.remove(node, "uid-2")).isEmpty();
            assertThat(seenBy(app, node, pod)).isEqualTo("10.77.0.1");
        }
        probes.install(node, List.of(new Element(address("10.9.9.9"), "uid-9")));
        assertThat(probes.diff(node, List.of(new Element(address("10.9.9.9"), "uid-9")))).isEmpty();
        assertThat(probes.diff(node, List.of())).isNotEmpty();
        probes.remove(node);
        probes.remove(node);
        assertThat(listing(node)).doesNotContain("istio").doesNotContain("ISTIO");
        assertThatThrownBy(() -> probes.add(node, "uid-1", List.of(pod))).isInstanceOf(IOException.class).hasMessageContaining(HostProbe.SET_V4);
    }

    private static String listing(NetworkNamespace node) throws Exception {
        return Kernel.run(node, "", "sh", "-c", "iptables-nft-save; ip6tables-nft-save; iptables-legacy-save; nft list ruleset inet; ipset save");
    }

    private static String seenBy(ServerSocketChannel app, NetworkNamespace node, InetAddress pod) throws IOException {
        try (SocketChannel probe = JdkChannels.client(node, SocketOptions.NONE)) {
            probe.connect(new InetSocketAddress(pod, 8080));
            try (SocketChannel accepted = app.accept()) {
                return ((InetSocketAddress) accepted.getRemoteAddress()).getAddress().getHostAddress();
            }
        }
    }

    /** While other pods are added and removed, connections to a pod that stays always come from the probe address. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet"})
    void thoseWhoStayAreNotTouched(String backend, PodNetwork network) throws Exception {
        NetworkNamespace node = network.node();
        InetAddress pod = network.pod(0).address();
        HostProbeChange probes = change(backend, IpFamily.V4);
        probes.install(node, List.of(new Element(pod, "stays")));
        routeAnswers(network.pod(0).namespace());
        Set<String> seen = new ConcurrentSkipListSet<>();
        try (ServerSocketChannel app = JdkChannels.listen(network.pod(0).namespace(), SocketOptions.NONE, new InetSocketAddress(8080))) {
            Thread changes = new Thread(() -> {
                try {
                    for (int i = 0; i < 40; i++) {
                        probes.add(node, "uid-" + i, List.of(address("10.9.0." + i)));
                        probes.add(node, "stays", List.of(pod));
                        probes.remove(node, "uid-" + i);
                    }
                } catch (IOException e) {
                    seen.add(e.toString());
                }
            });
            changes.start();
            while (changes.isAlive()) {
                seen.add(seenBy(app, node, pod));
            }
            changes.join();
        }
        assertThat(seen).containsExactly("169.254.7.127");
    }
}
