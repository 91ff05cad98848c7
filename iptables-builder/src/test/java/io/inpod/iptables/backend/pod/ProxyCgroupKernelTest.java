package io.inpod.iptables.backend.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.iptables.Chain;
import io.inpod.iptables.ManagedNames;
import io.inpod.iptables.Match;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.Table;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.backend.internal.tools.CgroupMount;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.backend.guarantee.Guarantee;
import io.inpod.iptables.backend.guarantee.GuaranteeTrial;
import io.inpod.iptables.backend.guarantee.TrialResult;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An application sets the proxy's mark: without {@code proxyCgroup} it bypasses the proxy, with it its packets are dropped. */
@Pods(2)
class ProxyCgroupKernelTest {
    private static final InPodRedirection V4 = InPodRedirection.of(IpFamily.V4);
    private static final InPodRedirection V6 = InPodRedirection.of(IpFamily.V6);

    /** Connects with the proxy's mark; a dropped packet gets no reply, so it doesn't wait for one unless told. */
    private static final String FORGER = """
            import socket, sys
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, 36, 0x539)
            s.settimeout(float(sys.argv[2]))
            try:
                s.connect((sys.argv[1], 8080))
            except BlockingIOError:
                pass
            """;

    private interface Body {
        void run(String path, Path directory) throws Exception;
    }

    /** Creates a cgroup in the version 2 hierarchy; if this user can't, the test is skipped with the reason. */
    private static void withCgroup(Body body) throws Exception {
        Path root = CgroupMount.mount().orElse(null);
        Assumptions.assumeTrue(root != null, "no cgroup2 file system is mounted");
        String name = "inpod-test-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
        Path directory = root.resolve(name);
        try {
            Files.createDirectory(directory);
        } catch (IOException e) {
            Assumptions.abort("can't make cgroups here: " + e);
        }
        try {
            body.run(name, directory);
        } finally {
            Files.delete(directory);
        }
    }

    private static PodRulesChange change(PodRules rules, String backend) {
        return new PodRulesChange(rules, List.of(Backends.named(backend).orElseThrow()), reason -> {
        });
    }

    /** Returns whether the first segment leaves the pod. */
    private static boolean leaves(NetworkNamespace pod, PodNetwork network, Path cgroup) throws IOException {
        InetAddress peer = network.pod(1).address();
        try (WireTap wire = WireTap.on(pod)) {
            Tool.Result result = forge(pod, network, cgroup, 0);
            assertThat(result.exitCode()).as(result.output()).isZero();
            return WireTap.shows(wire.drain(peer), peer, 8080);
        }
    }

    private static Tool.Result forge(NetworkNamespace pod, PodNetwork network, Path cgroup, int seconds) throws IOException {
        String enter = cgroup == null ? "" : "echo $$ >" + cgroup + "/cgroup.procs; ";
        return Tool.tryRun(pod, "sh", "-c", enter + "exec python3 -c \"$0\" \"$@\"", FORGER,
                network.pod(1).address().getHostAddress(), Integer.toString(seconds));
    }

    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet", "iptables-legacy"})
    void onlyTheProxysCgroupUsesItsMark(String backend, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        withCgroup((name, directory) -> {
            try (ServerSocketChannel peer = JdkChannels.listen(network.pod(1).namespace(), SocketOptions.NONE, new InetSocketAddress(8080))) {
                assertThat(peer.isOpen()).isTrue();
                change(PodRules.of(V4, V6), backend).install(pod);
                assertThat(forge(pod, network, null, 30).exitCode()).as("the hole").isZero();
                change(PodRules.of(V4, V6).withProxyCgroup(name), backend).install(pod);
                assertThat(leaves(pod, network, null)).as("forged").isFalse();
                assertThat(forge(pod, network, directory, 30).exitCode()).as("the proxy").isZero();
                change(PodRules.of(V4, V6).withProxyCgroup(name), backend).verify(pod);
                for (String family : List.of("-4", "-6")) {
                    Tool.run(pod, "ip", family, "route", "replace", "local", "default", "dev", "lo", "table", "100");
                    Tool.tryRun(pod, "ip", family, "rule", "add", "fwmark", "0x111/0xfff", "pref", "32764", "lookup", "100");
                }
                assertThat(new GuaranteeTrial(PodRules.of(V4, V6).withProxyCgroup(name), IptablesTools.system(), Duration.ofSeconds(2)).run(pod))
                        .allMatch(TrialResult::holds).extracting(TrialResult::guarantee).contains(Guarantee.FORGED).doesNotContain(Guarantee.MARKED);
            }
        });
    }

    /** The negation of a nested cgroup also matches the cgroups above it, which only some back ends can express. */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "iptables-legacy"})
    void outsideACgroupIsEverywhereElse(String backend, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        withCgroup((name, directory) -> {
            Path inner = Files.createDirectory(directory.resolve("inner"));
            try (ServerSocketChannel peer = JdkChannels.listen(network.pod(1).namespace(), SocketOptions.NONE, new InetSocketAddress(8080))) {
                assertThat(peer.isOpen()).isTrue();
                RuleSet rules = RuleSet.of(IpFamily.V4, Table.of(TableName.FILTER, Chain.of("OUTPUT", Rule.of(new Target.Jump("OUTSIDE"))),
                        Chain.of("OUTSIDE", Rule.of(new Target.Drop(), Match.protocol(Protocol.TCP), Match.cgroup(name + "/inner").not()))));
                Backends.named(backend).orElseThrow().apply(pod, ManagedNames.of(rules, "outside-"), rules);
                assertThat(forge(pod, network, inner, 30).exitCode()).as("inside").isZero();
                assertThat(leaves(pod, network, inner)).as("inside").isTrue();
                assertThat(leaves(pod, network, directory)).as("one further up").isFalse();
                assertThat(leaves(pod, network, null)).as("elsewhere").isFalse();
            } finally {
                Files.delete(inner);
            }
        });
    }

    @Test
    void aCgroupThatIsNotThereIsRefusedByName(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        assertThatThrownBy(() -> new PodRulesChange(PodRules.of(V4, V6).withProxyCgroup("no/such/cgroup")).install(pod))
                .isInstanceOf(IOException.class).hasMessageContaining("proxyCgroup").hasMessageContaining("no/such/cgroup");
        assertThat(Tool.run(pod, "iptables-save")).doesNotContain("ISTIO");
    }
}
