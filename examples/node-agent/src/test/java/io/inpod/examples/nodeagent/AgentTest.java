package io.inpod.examples.nodeagent;

import static io.inpod.examples.nodeagent.Scene.failureOf;
import static io.inpod.netns.testing.Tool.pathOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.examples.nodeagent.enrol.PodRedirection;
import io.inpod.examples.nodeagent.enrol.PodStatus;
import io.inpod.examples.nodeagent.enrol.SettingsWatch;
import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.NodeNamespaces;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Adding and deleting pods, and commands that must be refused. */
@Pods(2)
class AgentTest {
    @TempDir
    Path directory;

    private Scene scene;
    private FakeProxy proxy;

    @BeforeEach
    void start() throws IOException {
        scene = new Scene(directory, new PodRedirection(Profile.REDIRECT, false, true)::change, Duration.ofSeconds(10));
        proxy = new FakeProxy(scene.server, scene.socket);
        proxy.expectSnapshot();
    }

    @AfterEach
    void stop() throws IOException {
        proxy.close();
        scene.close();
    }

    private void enrol(NetworkNamespace pod) throws Exception {
        Future<Void> added = scene.adding("u1", pod);
        proxy.expectAdd(pod, "u1", "web-0", "shop", "web");
        proxy.ack();
        added.get();
    }

    @Test
    void redirectionIsThereBeforeTheProxyAndStaysUntilItHasLetGo(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Future<Void> added = scene.adding("u1", pod);
        proxy.expectAdd(pod, "u1", "web-0", "shop", "web");
        Traces.assertRedirected(pod);
        assertThat(scene.state("u1").served()).isFalse();
        proxy.ack();
        added.get();
        assertThat(scene.list()).extracting(PodStatus::uid).containsExactly("u1");
        assertThat(scene.state("u1")).isEqualTo(PodState.SERVED);

        Future<Void> deleted = scene.deleting("u1");
        proxy.expectDel("u1");
        Traces.assertRedirected(pod);
        proxy.ack();
        deleted.get();
        Traces.assertClean(pod);
        assertThat(scene.list()).isEmpty();
        Traces.assertClean(network.pod(1).namespace());
    }

    @Test
    void addingAgainIsHarmless(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        enrol(pod);
        String before = Tool.run(pod, "iptables-save", "-t", "nat");
        scene.adding("u1", pod).get();
        assertThat(rulesOnly(Tool.run(pod, "iptables-save", "-t", "nat"))).isEqualTo(rulesOnly(before));
        assertThat(scene.list()).hasSize(1);
    }

    @Test
    void aPodsWishesCountForItAlone(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Map<String, String> wishes = Map.of("ambient.istio.io/dns-capture", "true", "ambient.istio.io/bypass-inbound-capture", "true",
                "istio.io/reroute-virtual-interfaces", "br0,tap-1", "ambient.istio.io/redirection", "enabled");
        Path path = pathOf(pod);
        Future<?> added = scene.threads.submit(() -> {
            scene.add("u1", Scene.WEB, wishes, path);
            return null;
        });
        proxy.expectAdd(pod, "u1", "web-0", "shop", "web");
        proxy.ack();
        added.get();
        assertThat(Tool.run(pod, "iptables-save")).contains("-A ISTIO_PRERT -i tap-1 -p tcp -j REDIRECT --to-ports 15001", "--to-ports 15053").doesNotContain("15006");
        scene.add("u1", path); // with other annotations now
        assertThat(Tool.run(pod, "iptables-save")).contains("15006").doesNotContain("15053", "br0");
        NetworkNamespace other = network.pod(1).namespace();
        Future<Void> plain = scene.adding("u2", other);
        proxy.expectAdd(other, "u2", "web-0", "shop", "web");
        proxy.ack();
        plain.get();
        Traces.assertRedirected(other);
        assertThat(Tool.run(other, "iptables-save")).contains("15006").doesNotContain("15053", "br0");
        Future<Void> deleted = scene.deleting("u1");
        proxy.expectDel("u1");
        proxy.ack();
        deleted.get();
        Traces.assertClean(pod);
    }

    private static String rulesOnly(String saved) {
        return saved.replaceAll("(?m)^#.*\n", "").replaceAll("\\[\\d+:\\d+]", "");
    }

    /** If the earlier agent's options were different, its rules are replaced, and stay replaced. */
    @ParameterizedTest
    @CsvSource({"REDIRECT, false, true", "REDIRECT, true, false", "TPROXY, false, true"})
    void whatAnEarlierAgentLeftIsTakenOver(Profile profile, boolean dns, boolean ipv6, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        new PodRedirection(profile, dns, ipv6).change().install(pod);
        Future<Void> added = scene.adding("u1", pod);
        proxy.expectAdd(pod, "u1");
        proxy.nack();
        assertThat(failureOf(added)).hasMessageContaining("boom");
        Traces.assertRedirected(pod);
    }

    @Test
    void whatAnEarlierAgentLeftCanBeRemoved(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        new PodRedirection(Profile.REDIRECT, false, true).change().install(pod);
        assertThatThrownBy(() -> scene.delete("old", null)).hasMessageContaining("pod old is unknown");
        Future<?> deleted = scene.threads.submit(() -> {
            scene.delete("old", pathOf(pod));
            return null;
        });
        proxy.expectDel("old");
        proxy.ack();
        deleted.get();
        Traces.assertClean(pod);
    }

    @Test
    void aPodWhoseNamespaceHasGoneCanBeDeleted() throws Exception {
        try (NetworkNamespace created = NetworkNamespace.create("gone");
                Rtnetlink inside = Rtnetlink.open(created)) {
            inside.links().up("lo");
        }
        Future<Void> added = scene.threads.submit(() -> {
            scene.add("u1", Path.of("/run/netns/gone"));
            return null;
        });
        try (NetworkNamespace pod = NetworkNamespace.named("gone")) {
            proxy.expectAdd(pod, "u1");
        }
        proxy.ack();
        added.get();
        NetworkNamespace.delete("gone");
        Future<Void> deleted = scene.deleting("u1");
        proxy.expectDel("u1");
        proxy.ack();
        deleted.get();
        Future<Void> again = scene.threads.submit(() -> {
            scene.delete("u1", Path.of("/run/netns/gone"));
            return null;
        });
        proxy.expectDel("u1");
        proxy.ack();
        again.get();
    }

    @Test
    void withoutIpv6ItsTcpIsRejectedInThePod(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        new PodRedirection(Profile.REDIRECT, false, true).change().install(pod);
        NamespaceChange ipv4 = new PodRedirection(Profile.REDIRECT, false, false).change();
        ipv4.install(pod);
        assertThat(Tool.run(pod, "iptables-save")).contains("INPOD_GUARD", "ISTIO_OUTPUT");
        assertThat(Tool.run(pod, "ip6tables-save")).contains("REJECT --reject-with tcp-reset").doesNotContain("ISTIO_OUTPUT");
        ipv4.remove(pod);
        assertThat(Tool.run(pod, "ip6tables-save")).doesNotContain("REJECT");
    }

    /** With tcp_fwmark_accept, an application could inherit the proxy's mark. */
    @Test
    void settingsThatBreakThePromiseAreSetAndWatched(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        String[] changed = {"net.ipv4.tcp_fwmark_accept=1", "net.ipv4.conf.eth0.route_localnet=1", "net.ipv6.fwmark_reflect=1"};
        String[] read = {"sysctl", "-n", "net.ipv4.tcp_fwmark_accept", "net.ipv4.conf.eth0.route_localnet", "net.ipv6.fwmark_reflect"};
        change(pod, changed);
        enrol(pod);
        assertThat(Tool.run(pod, read)).isEqualTo("0\n0\n0\n");

        PodRedirection redirection = new PodRedirection(Profile.REDIRECT, false, true);
        change(pod, changed);
        assertThatThrownBy(() -> redirection.change().verify(pod)).hasMessageContaining("net.ipv4.tcp_fwmark_accept is 1 instead of 0")
                .hasMessageContaining("sysctl -w net.ipv4.conf.eth0.route_localnet=0");
        new SettingsWatch(scene.reconciler::enrolled, redirection.settings(), Duration.ofSeconds(10), scene::later, (level, line) -> {}).start();
        scene.next().get();
        assertThat(Tool.run(pod, read)).isEqualTo("0\n0\n0\n");
        assertThat(scene.later).hasSize(1);
    }

    private static void change(NetworkNamespace pod, String... settings) throws IOException {
        for (String setting : settings) {
            Tool.run(pod, "sysctl", "-qw", setting);
        }
    }

    @Test
    void aPodWithoutIpv6IsRedirectedForIpv4(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Tool.run(pod, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/lo/disable_ipv6");
        enrol(pod);
        assertThat(Tool.run(pod, "ip", "-4", "rule")).contains("0x111");
        assertThat(Tool.run(pod, "ip6tables-save")).contains("ISTIO_OUTPUT");
    }

    @Test
    void theNodesNamespacesAreRefused(PodNetwork network) throws Exception {
        assertThatThrownBy(() -> scene.add("u1", Path.of("/proc/thread-self/ns/net")))
                .isInstanceOf(AgentException.class).hasMessageContaining("is this process's own");
        NetworkNamespace pod = network.pod(0).namespace();
        Path home = Path.of("/proc/1/ns/net");
        try (NetworkNamespace node = NetworkNamespace.open(home)) {
            assertThatThrownBy(() -> pod.<Integer, IOException>call(() -> {
                NodeNamespaces.refuse(node);
                return 0;
            })).hasMessageContaining("would cut off the node");
            Traces.assertClean(node);
        }
    }

    @Test
    void onlyNetworkNamespacesAreEntered() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "");
        assertThatThrownBy(() -> scene.add("u1", file)).hasMessageContaining("a regular file").hasMessageContaining(file.toString());
        assertThatThrownBy(() -> scene.add("u1", Path.of("/proc/self/ns/mnt"))).hasMessageContaining("a mount namespace");
        assertThatThrownBy(() -> scene.add("u1", Path.of("/run/netns/none"))).hasMessageContaining("/run/netns/none").hasMessageContaining("ENOENT");
    }

    @Test
    void conflictingPodsAreRefused(PodNetwork network) throws Exception {
        enrol(network.pod(0).namespace());
        Path same = pathOf(network.pod(0).namespace());
        Path other = pathOf(network.pod(1).namespace());
        assertThatThrownBy(() -> scene.add("u1", other)).hasMessageContaining("pod u1 is enrolled with another namespace");
        assertThatThrownBy(() -> scene.add("u2", same)).hasMessageContaining("is already that of pod u1");
        assertThatThrownBy(() -> scene.add("u1", new WorkloadInfo("web-0", "shop", "admin"), Map.of(), same)).hasMessageContaining("with other names");
        assertThatThrownBy(() -> scene.delete("u1", other)).hasMessageContaining("isn't that of pod u1");
        assertThatThrownBy(() -> scene.delete("u2", same)).hasMessageContaining("is that of pod u1");
        Traces.assertRedirected(network.pod(0).namespace());
        Traces.assertClean(network.pod(1).namespace());
    }
}
