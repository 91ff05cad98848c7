package io.inpod.examples.nodeagent.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.examples.nodeagent.pod.ProbeAddresses;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.pod.PodRulesChange;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.InPodSettings;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.PolicyRouting;
import io.inpod.tproxy.Redirection;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The node's processes reach enrolled pods past the proxy, and others don't; addresses change hands without a gap. */
@Pods(2)
class NodeProbesKernelTest {
    private static final Set<IpFamily> BOTH = Set.of(IpFamily.values());
    private static final String CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], 8080), float(sys.argv[2]))";

    private final List<String> log = new ArrayList<>();

    private NodeProbes open(NetworkNamespace node, String backend, Set<IpFamily> families) throws IOException {
        return NodeProbes.open(node.duplicate(), List.of(Backends.named(backend).orElseThrow()), families, log::add);
    }

    private static InetAddress address(String text) throws IOException {
        return InetAddress.getByName(text);
    }

    /** The addresses with the uids, as the tools print them. */
    private static List<String> elements(NetworkNamespace node) throws IOException {
        String listing = Tool.run(node, "ipset", "save") + Tool.run(node, "nft", "list", "ruleset").replace(",", "\n").replace("elements = {", "\n");
        return listing.lines().filter(line -> line.contains("comment \"")).map(line -> line.replaceAll("^.*?([0-9a-f.:]+) comment \"(.*)\".*$", "$1 $2")).sorted().toList();
    }

    private static NamespaceChange enrolled() {
        return Redirection.of(PolicyRouting.DEFAULT, InPodSettings.of(false),
                new PodRulesChange(new PodRules(List.of(InPodRedirection.of(IpFamily.V4), InPodRedirection.of(IpFamily.V6)), true, List.of()), Backends.all(), line -> {}));
    }

    /** Connects from a process of the node, as the kubelet does. Returns the address from which the app sees it; empty if it is refused. */
    private static String probe(NetworkNamespace node, ServerSocketChannel app, InetAddress pod) throws IOException {
        if (!connects(node, pod, 20)) {
            return "";
        }
        try (SocketChannel accepted = app.accept()) {
            return ((InetSocketAddress) accepted.getRemoteAddress()).getAddress().getHostAddress();
        }
    }

    /** Whether a process can connect within some seconds. */
    private static boolean connects(NetworkNamespace from, InetAddress pod, int seconds) throws IOException {
        return Tool.tryRun(from, "python3", "-c", CONNECT, pod.getHostAddress(), Integer.toString(seconds)).exitCode() == 0;
    }

    /** Nobody listens where the pod's rules redirect connections, so that only what passes them arrives. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet"})
    void probesReachTheAppOfAnEnrolledPod(String backend, PodNetwork network) throws Exception {
        Pod pod = network.pod(0);
        NetworkNamespace node = network.node();
        Tool.run(node, "iptables-legacy", "-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE");
        Tool.run(node, "iptables-nft", "-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE");
        enrolled().install(pod.namespace());
        try (ServerSocketChannel app = JdkChannels.listen(pod.namespace(), SocketOptions.NONE, new InetSocketAddress(8080)); NodeProbes probes = open(node, backend, BOTH)) {
            assertThat(connects(node, pod.address(), 1)).isFalse();
            probes.put("u1", Set.of(pod.address(), pod.address6()));
            assertThat(probe(node, app, pod.address())).isEqualTo("169.254.7.127");
            assertThat(probe(node, app, pod.address6())).isEqualTo("fd16:9254:7127:1337:ffff:ffff:ffff:ffff");
            assertThat(connects(network.pod(1).namespace(), pod.address(), 1)).as("another pod").isFalse();
            probes.remove("u1");
            assertThat(connects(node, pod.address(), 1)).isFalse();
            assertThat(connects(node, pod.address6(), 1)).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "iptables-legacy"})
    void whatSomebodyElseHasFlushedIsRestored(String backend, PodNetwork network) throws Exception {
        Pod pod = network.pod(0);
        NetworkNamespace node = network.node();
        enrolled().install(pod.namespace());
        Map<String, Set<InetAddress>> pods = Map.of("u1", Set.of(pod.address()), "u2", Set.of(address("10.9.0.2")));
        try (ServerSocketChannel app = JdkChannels.listen(pod.namespace(), SocketOptions.NONE, new InetSocketAddress(8080)); NodeProbes probes = open(node, backend, BOTH)) {
            probes.keepExactly(pods);
            String before = rules(node);
            Tool.run(node, "iptables-legacy", "-t", "nat", "-F", "POSTROUTING");
            Tool.run(node, "nft", "flush", "ruleset"); // as a firewall's restart does
            assertThat(connects(node, pod.address(), 1)).isFalse();
            probes.keepExactly(pods);
            assertThat(probe(node, app, pod.address())).isEqualTo("169.254.7.127");
            assertThat(elements(node)).containsExactly("10.77.0.2 u1", "10.9.0.2 u2");
            assertThat(rules(node)).isEqualTo(before);
            probes.keepExactly(pods);
            assertThat(rules(node)).isEqualTo(before);
            Tool.run(node, "sh", "-c", "iptables-legacy -t nat -F; ip6tables-legacy -t nat -F; nft flush ruleset; ipset destroy");
            probes.put("u3", Set.of(address("10.9.0.3"))); // restores the others, too
            assertThat(elements(node)).containsExactly("10.77.0.2 u1", "10.9.0.2 u2", "10.9.0.3 u3");
            assertThat(probe(node, app, pod.address())).isEqualTo("169.254.7.127");
        }
    }

    private static String rules(NetworkNamespace node) throws IOException {
        return Tool.run(node, "sh", "-c", "iptables-legacy-save -t nat; ip6tables-legacy-save -t nat; nft -s list ruleset; ipset save").replaceAll("# .*|\\[\\d+:\\d+]", "")
                .lines().filter(line -> line.contains("ISTIO") || line.contains("istio") || line.contains("snat") || line.contains("SNAT")).reduce("", (one, other) -> one + other + "\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "nft", "iptables-nft"})
    void addressesChangeHands(String backend, PodNetwork network) throws Exception {
        NetworkNamespace node = network.node();
        InetAddress reused = address("10.9.0.1");
        try (NodeProbes probes = open(node, backend, BOTH)) {
            probes.keepExactly(Map.of());
            probes.put("old", Set.of(reused, address("fd77::9")));
            probes.put("new", Set.of(reused)); // before the old pod is removed
            probes.remove("old");
            probes.remove("old");
            assertThat(elements(node)).containsExactly("10.9.0.1 new");
            probes.put("new", Set.of(reused, address("10.9.0.4")));
            probes.put("new", Set.of(address("10.9.0.4"), address("fd77::4")));
            assertThat(elements(node)).containsExactly("10.9.0.4 new", "fd77::4 new");
            probes.put("later", Set.of(address("10.9.0.4")));
            probes.keepExactly(Map.of("new", Set.of(address("10.9.0.4"), address("fd77::4")), "later", Set.of(address("10.9.0.4")), "a", Set.of(reused)));
            assertThat(elements(node)).as("the one that got it last has it").containsExactly("10.9.0.1 a", "10.9.0.4 later", "fd77::4 new");
            probes.keepExactly(Map.of("a", Set.of(reused)));
            assertThat(elements(node)).containsExactly("10.9.0.1 a");
        }
        try (NodeProbes restarted = open(node, backend, BOTH)) {
            restarted.put("b", Set.of(address("10.9.0.2")));
            assertThat(elements(node)).as("what another agent entered stays until all pods are known").containsExactly("10.9.0.1 a", "10.9.0.2 b");
            restarted.remove("a");
            assertThat(elements(node)).containsExactly("10.9.0.2 b");
            restarted.uninstall();
            restarted.uninstall();
            assertThat(rules(node)).isEmpty();
            assertThat(Tool.run(node, "ipset", "list", "-n")).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet"})
    void aFamilyThatIsNotRedirectedIsLeftAlone(String backend, PodNetwork network) throws Exception {
        NetworkNamespace node = network.node();
        Set<InetAddress> dual = Set.of(address("10.9.0.1"), address("fd77::1"));
        try (NodeProbes both = open(node, backend, BOTH)) {
            both.put("u1", dual);
            assertThat(elements(node)).containsExactly("10.9.0.1 u1", "fd77::1 u1");
        }
        try (NodeProbes v4 = open(node, backend, Set.of(IpFamily.V4))) {
            v4.keepExactly(Map.of("u1", dual));
            assertThat(elements(node)).containsExactly("10.9.0.1 u1");
            v4.put("u1", Set.of(address("fd77::2")));
            assertThat(elements(node)).isEmpty();
            v4.put("u1", dual);
            assertThat(rules(node)).doesNotContain("probes-v6");
            v4.remove("u1");
            assertThat(elements(node)).isEmpty();
            v4.put("u1", dual);
        }
        try (NodeProbes both = open(node, backend, BOTH)) {
            both.put("u2", Set.of(address("10.9.0.2"), address("fd77::2")));
            assertThat(elements(node)).as("the set that was missing is there, and the other one whole").containsExactly("10.9.0.1 u1", "10.9.0.2 u2", "fd77::2 u2");
        }
    }

    /** Istio's agent leaves its sets when it is upgraded; its version decides how they were made. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"create istio-inpod-probes-v4 hash:ip family inet hashsize 64 maxelem 65536 comment|10.9.0.9 x",
        "create istio-inpod-probes-v4 hash:ip family inet hashsize 4096 bucketsize 4 initval 0x1234 counters skbinfo comment|10.9.0.9 x",
        "create istio-inpod-probes-v4 hash:ip family inet timeout 600 comment|10.9.0.9 x timeout 30", "create istio-inpod-probes-v4 hash:ip family inet|10.9.0.9"})
    void setsOfAnotherAgentAreTakenOver(String create, String element, PodNetwork network) throws Exception {
        NetworkNamespace node = network.node();
        Tool.run(node, "sh", "-c", "ipset " + create + "; ipset add istio-inpod-probes-v4 " + element.replace(" x", " comment x")
                + "; iptables-nft -t nat -N ISTIO_POSTRT; iptables-nft -t nat -A POSTROUTING -j ISTIO_POSTRT; "
                + "iptables-nft -t nat -A ISTIO_POSTRT -m owner --socket-exists -p tcp -m set --match-set istio-inpod-probes-v4 dst -j SNAT --to-source 169.254.7.127");
        try (NodeProbes probes = NodeProbes.open(node.duplicate(), Backends.all(), Set.of(IpFamily.V4), log::add)) {
            assertThat(log).singleElement().asString().contains("already holds rules");
            probes.keepExactly(Map.of("u1", Set.of(address("10.9.0.1"))));
            probes.put("u2", Set.of(address("10.9.0.2")));
            assertThat(elements(node)).containsExactly("10.9.0.1 u1", "10.9.0.2 u2");
            assertThat(Tool.run(node, "iptables-nft-save", "-t", "nat").lines().filter(line -> line.contains("SNAT"))).hasSize(1);
            probes.uninstall();
            assertThat(rules(node)).isEmpty();
        }
    }

    /** Istio's agent had used the other kind of tables. */
    @ParameterizedTest
    @CsvSource({"netlink, netlink-inet", "netlink-inet, netlink", "nft, iptables-legacy", "iptables-legacy, netlink"})
    void rulesInOtherTablesGoWhenTheNewOnesAreThere(String before, String after, PodNetwork network) throws Exception {
        NetworkNamespace node = network.node();
        try (NodeProbes old = open(node, before, BOTH); NodeProbes probes = open(node, after, BOTH)) {
            old.keepExactly(Map.of("u1", Set.of(address("10.9.0.1")), "gone", Set.of(address("10.9.0.7"))));
            probes.keepExactly(Map.of("u1", Set.of(address("10.9.0.1"))));
            assertThat(elements(node)).containsExactly("10.9.0.1 u1");
            assertThat(rules(node).lines().filter(line -> line.matches(".*(?i:snat).*169\\.254\\.7\\.127.*"))).hasSize(1);
            probes.uninstall();
            assertThat(rules(node)).isEmpty();
        }
    }

    @Test
    void aSetThatCanNotBeUsedIsNamed(PodNetwork network) throws Exception {
        NetworkNamespace node = network.node();
        Tool.run(node, "ipset", "create", "istio-inpod-probes-v4", "hash:ip,port", "family", "inet");
        try (NodeProbes probes = open(node, "netlink", BOTH)) {
            assertThatThrownBy(() -> probes.put("u1", Set.of(address("10.9.0.1")))).hasMessageContaining("hash:ip,port")
                    .hasMessageContaining("ipset destroy istio-inpod-probes-v4");
            Tool.run(node, "ipset", "destroy", "istio-inpod-probes-v4");
            probes.put("u2", Set.of(address("10.9.0.2")));
            assertThat(elements(node)).as("with the one that failed").containsExactly("10.9.0.1 u1", "10.9.0.2 u2");
        }
    }

    @Test
    void theOptionsNameTheNode(PodNetwork network) throws Exception {
        HostOptions none = new HostOptions();
        ProbeAddresses nothing = none.probes(BOTH, log::add);
        nothing.put("u1", Set.of(address("10.9.0.1")));
        nothing.keepExactly(Map.of());
        nothing.remove("u1");
        HostOptions named = new HostOptions();
        new CommandLine(CommandLine.Model.CommandSpec.create().addMixin("host", CommandLine.Model.CommandSpec.forAnnotatedObject(named)))
                .parseArgs("--node-netns", Tool.pathOf(network.node()).toString(), "--node-backend", "netlink-inet");
        try (NodeProbes probes = (NodeProbes) named.probes(BOTH, log::add)) {
            probes.put("u1", Set.of(address("10.9.0.1")));
            assertThat(elements(network.node())).containsExactly("10.9.0.1 u1");
        }
        HostOptions wrong = new HostOptions();
        new CommandLine(CommandLine.Model.CommandSpec.create().addMixin("host", CommandLine.Model.CommandSpec.forAnnotatedObject(wrong)))
                .parseArgs("--node-netns", "/proc/self/ns/net", "--node-backend", "ebtables");
        assertThatThrownBy(() -> wrong.probes(BOTH, log::add)).hasMessageContaining("ebtables").hasMessageContaining("netlink-inet");
    }
}
