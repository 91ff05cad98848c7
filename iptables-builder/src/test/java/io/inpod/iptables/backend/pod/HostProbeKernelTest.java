package io.inpod.iptables.backend.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.iptables.AddressSet.Element;
import io.inpod.iptables.Goldens;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Kernel;
import io.inpod.iptables.backend.Backend;
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
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
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
            probes.replace(node, "uid-2", List.of(pod, address("10.9.9.1"), address("fd77::9")));
            probes.replace(node, "uid-2", List.of(pod, address("10.9.9.2"))); // it has got other addresses
            assertThat(probes.elements(node)).containsExactlyInAnyOrder(new Element(pod, "uid-2"), new Element(address("10.9.9.2"), "uid-2"));
            probes.replace(node, "uid-1", List.of(address("10.9.9.2"))); // one of which another pod gets
            probes.replace(node, "uid-2", List.of(pod));
            assertThat(probes.elements(node)).containsExactlyInAnyOrder(new Element(pod, "uid-2"), new Element(address("10.9.9.2"), "uid-1"));
            probes.replace(node, "uid-1", List.of());
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

    /** As istio-cni makes it, and with other options; another rule refers to it, so that it can't be destroyed. */
    @ParameterizedTest
    @CsvSource({"netlink, nft", "iptables-nft, nft", "iptables-legacy, legacy"})
    void aSetThatAnotherAgentMadeIsTakenOver(String backend, String variant, PodNetwork network) throws Exception {
        NetworkNamespace node = network.node();
        HostProbeChange probes = change(backend, IpFamily.V4);
        for (String options : List.of("comment", "comment maxelem 1048576 counters", "", "comment timeout 3600", "comment forceadd", "comment netmask 24")) {
            for (String element : List.of("", "add istio-inpod-probes-v4 10.0.0.9\n")) {
                Kernel.run(node, "create istio-inpod-probes-v4 hash:ip family inet " + options + "\n" + element, "ipset", "restore");
                Kernel.run(node, "", "iptables-" + variant, "-A", "OUTPUT", "-m", "set", "--match-set", HostProbe.SET_V4, "dst");
                assertThat(probes.diff(node, List.of())).as(options).isNotEmpty();
                List<Element> pods = element.isEmpty() ? List.of() : List.of(new Element(address("10.0.0.5"), "uid-1"));
                probes.install(node, pods);
                assertThat(probes.diff(node, pods)).as(options).isEmpty();
                probes.add(node, "uid-2", List.of(address("10.0.0.6")));
                assertThat(Kernel.run(node, "", "ipset", "save", HostProbe.SET_V4).lines()).as(options).hasSize(pods.size() + 2)
                        .anyMatch(line -> line.matches("add istio-inpod-probes-v4 10.0.0.6 (packets 0 bytes 0 )?comment \"uid-2\"")).first().asString().contains("comment")
                        .doesNotContain("timeout", "forceadd", "netmask");
                Kernel.run(node, "", "iptables-" + variant, "-F", "OUTPUT");
                probes.remove(node);
                assertThat(Kernel.run(node, "", "ipset", "list", "-n")).isEmpty();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"netlink, hash:net family inet, hash:net", "netlink, hash:ip family inet6, IPv6", "iptables-nft, 'hash:ip,port family inet', 'hash:ip,port'",
        "iptables-nft, hash:ip family inet6, IPv6"})
    void aSetOfAnotherTypeIsRefusedByName(String backend, String made, String named, PodNetwork network) throws Exception {
        NetworkNamespace node = network.node();
        Kernel.run(node, "create istio-inpod-probes-v4 " + made + " comment\n", "ipset", "restore");
        String before = listing(node);
        assertThatThrownBy(() -> change(backend, IpFamily.V4).install(node, List.of(new Element(address("10.0.0.5"), "uid-1")))).isInstanceOf(IOException.class)
                .hasMessageContaining(HostProbe.SET_V4).hasMessageContaining(named).hasMessageContaining("ipset destroy " + HostProbe.SET_V4);
        assertThat(listing(node)).isEqualTo(before);
        assertThat(change(backend, IpFamily.V4).diff(node, List.of())).anyMatch(text -> text.contains(HostProbe.SET_V4) && text.contains(named));
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink-inet", "nft"})
    void aSetWithOtherOptionsInATableOfOursIsReplaced(String backend, PodNetwork network) throws Exception {
        NetworkNamespace node = network.node();
        HostProbeChange probes = change(backend, IpFamily.V4);
        for (String set : List.of("type ipv4_addr; flags timeout; timeout 1h; elements = { 10.0.0.9 }", "type ipv4_addr; flags interval; elements = { 10.0.0.0/8 }",
                "type ipv4_addr; size 100;", "type ipv4_addr . inet_service;", "type ipv6_addr;")) {
            Kernel.run(node, "table inet istio-ambient-nat { set istio-inpod-probes-v4 { " + set + " }; chain postrouting { type nat hook postrouting priority 100; }; }",
                    "nft", "-f", "-");
            assertThat(probes.diff(node, List.of())).as(set).anyMatch(text -> text.startsWith("set istio-inpod-probes-v4 "));
            probes.install(node, List.of(new Element(address("10.0.0.5"), "uid-1")));
            assertThat(probes.diff(node, List.of(new Element(address("10.0.0.5"), "uid-1")))).as(set).isEmpty();
            assertThat(Kernel.run(node, "", "nft", "list", "set", "inet", "istio-ambient-nat", HostProbe.SET_V4)).as(set).contains("10.0.0.5 comment \"uid-1\"")
                    .doesNotContain("flags", "timeout", "size");
            probes.remove(node);
        }
    }

    /** Another thread gives the address to a new pod, while the old one is being removed: between reading the set and changing it, if it can. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft"})
    void anAddressThatIsTakenOverMeanwhileStays(String backend, PodNetwork network) throws Exception {
        NetworkNamespace node = network.node();
        HostProbeChange probes = change(backend, IpFamily.V4);
        probes.install(node, List.of());
        probes.add(node, "old", List.of(address("10.0.0.5")));
        Thread other = new Thread(() -> {
            try {
                probes.add(node, "new", List.of(address("10.0.0.5")));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        Backend real = Backends.named(backend).orElseThrow();
        Backend interrupted = (Backend) Proxy.newProxyInstance(Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, (proxy, method, arguments) -> {
            Object answer = method.invoke(real, arguments);
            if (method.getName().equals("read") && other.getState() == Thread.State.NEW) {
                other.start();
                other.join(500); // it may have to wait for this one
            }
            return answer;
        });
        new HostProbeChange(HostProbe.of(IpFamily.V4), interrupted).remove(node, "old");
        other.join();
        assertThat(real.read(node, HostProbe.NAMES).sets()).singleElement()
                .satisfies(set -> assertThat(set.elements()).containsExactly(new Element(address("10.0.0.5"), "new")));
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
