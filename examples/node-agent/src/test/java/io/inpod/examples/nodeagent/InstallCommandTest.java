package io.inpod.examples.nodeagent;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.nodeagent.host.NodeProbes;
import io.inpod.iptables.backend.Backends;
import io.inpod.netns.IpFamily;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.netns.unix.PrivateServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./inpod agent install} and {@code uninstall}. */
class InstallCommandTest {
    @TempDir
    Path directory;

    private String run(int expected, String... arguments) {
        StringWriter out = new StringWriter();
        PrintWriter both = new PrintWriter(out, true);
        assertThat(Main.run(both, both, arguments)).as("%s", out).isEqualTo(expected);
        return out.toString().strip();
    }

    @Test
    void thePluginComesAndGoes() throws Exception {
        Path configurations = Files.createDirectory(directory.resolve("net.d"));
        Path list = configurations.resolve("10-x.conflist");
        Path cache = Files.createDirectories(directory.resolve("cni/results"));
        String[] paths = {"--cni-bin-dir", directory.resolve("bin").toString(), "--cni-conf-dir", configurations.toString()};
        String[] install = {"install", paths[0], paths[1], paths[2], paths[3], "--exclude-namespaces", "kube-system,monitoring"};
        String[] uninstall = {"uninstall", paths[0], paths[1], paths[2], paths[3], "--cni-cache-dir", String.valueOf(cache.getParent())};
        assertThat(run(1, install)).contains("there is no network configuration in " + configurations + " yet");

        Files.writeString(list, "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":[{\"type\":\"bridge\"}]}");
        assertThat(run(0, install)).isEqualTo(list + ": entry added behind bridge");
        assertThat(run(0, install)).isEqualTo("the CNI plugin is installed already");
        assertThat(list).content().contains("\"agentSocket\":\"/var/run/inpod-cni/plugin.sock\",\"excludeNamespaces\":[\"kube-system\",\"monitoring\"]");

        assertThat(run(0, uninstall)).contains("entry removed", "inpod-cni removed");
        assertThat(run(0, uninstall)).isEqualTo("the CNI plugin isn't installed");
    }

    @Test
    void nothingIsTakenOutWhileAnAgentWouldPutItBack() throws Exception {
        Path configurations = Files.createDirectory(directory.resolve("net.d"));
        Path list = configurations.resolve("10-x.conflist");
        Path socket = directory.resolve("cni/plugin.sock");
        String[] paths = {"--cni-bin-dir", directory.resolve("bin").toString(), "--cni-conf-dir", configurations.toString(), "--cni-socket",
            socket.toString()};
        Files.writeString(list, "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":[{\"type\":\"bridge\"}]}");
        run(0, Stream.concat(Stream.of("install"), Stream.of(paths)).toArray(String[]::new));
        String[] uninstall = Stream.concat(Stream.of("uninstall"), Stream.of(paths)).toArray(String[]::new);

        try (PrivateServer agent = PrivateServer.listen(socket)) {
            assertThat(run(1, uninstall)).isEqualTo("an agent answers on " + socket + ", and would install the CNI plugin again: stop it first");
            assertThat(list).content().contains("inpod-cni");
            assertThat(agent.isClosed()).isFalse();
        }
        assertThat(run(0, uninstall)).contains("entry removed");
    }

    @Test
    @Pods(1)
    void theNodesRulesForHealthProbesGoToo(PodNetwork network) throws Exception {
        Path configurations = Files.createDirectory(directory.resolve("net.d"));
        Path node = Tool.pathOf(network.node());
        String[] uninstall = {"uninstall", "--cni-bin-dir", directory.resolve("bin").toString(), "--cni-conf-dir", configurations.toString(),
            "--cni-socket", directory.resolve("plugin.sock").toString(), "--node-netns", node.toString()};
        try (NodeProbes probes = NodeProbes.open(network.node().duplicate(), Backends.all(), Set.of(IpFamily.V4), line -> {})) {
            probes.keepExactly(Map.of("uid-a", Set.of(InetAddress.getByName("10.9.0.1"))));
        }
        assertThat(Tool.run(network.node(), "iptables-nft-save")).contains("ISTIO_POSTRT");

        assertThat(run(0, uninstall)).contains("no rules for health probes are left in " + node);
        assertThat(Tool.run(network.node(), "iptables-nft-save")).doesNotContain("ISTIO_POSTRT");
        assertThat(Tool.run(network.node(), "ipset", "list", "-n")).isEmpty();
        assertThat(run(0, uninstall)).contains("no rules for health probes are left");
    }
}
