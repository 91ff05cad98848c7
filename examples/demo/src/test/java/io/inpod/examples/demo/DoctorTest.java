package io.inpod.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.inpod.examples.nodeagent.doctor.DoctorCommand;
import io.inpod.examples.nodeagent.json.Json;
import io.inpod.netlink.diag.SocketDiag;
import io.inpod.netlink.diag.SocketFilter;
import io.inpod.netlink.diag.SocketQuery;
import io.inpod.netlink.diag.SocketState;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Faults are planted in a pod of a real agent and a real ztunnel, one by one: the doctor must name each, and nothing else. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DoctorTest {
    private static final String SAVE = "iptables-nft-save >%1$s/v4; ip6tables-nft-save >%1$s/v6";
    private static final String RESTORE = "iptables-nft-restore <%1$s/v4; ip6tables-nft-restore <%1$s/v6";

    private Node node;
    private Path link;

    @BeforeAll
    void start(@TempDir Path home) throws Exception {
        Tool.require("iptables-nft-save");
        Tool.require("nft");
        node = Node.start("redirect", home);
        link = Files.createSymbolicLink(home.resolve("c.netns"), Tool.pathOf(node.c.namespace()));
        node.agent("add", "--uid", "uid-c", "--name", "c", "--service-account", "sa-c", "--netns", link.toString());
        inPod(SAVE.formatted(home));
    }

    @AfterAll
    void stop() {
        if (node != null) {
            node.close();
        }
    }

    /** A report: the statuses by check, and all of its text. */
    private record Run(int exit, Map<String, String> checks, String text, List<String> problems) {
        List<String> with(String status) {
            return checks.entrySet().stream().filter(check -> check.getValue().equals(status)).map(Map.Entry::getKey).toList();
        }
    }

    private Run doctor(String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(options));
        arguments.addAll(List.of("--json", "--control", node.home.resolve("agent/control.sock").toString(), "--from",
                Tool.pathOf(node.bridge()).toString()));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exit = DoctorCommand.run(new PrintWriter(out), new PrintWriter(err), arguments.toArray(String[]::new));
        assertThat(err.toString()).isEmpty();
        Map<String, String> checks = new TreeMap<>();
        List<String> problems = new ArrayList<>();
        for (JsonNode check : Json.read(out.toString()).get("checks")) {
            checks.put(check.get("check").asText(), check.get("status").asText());
            if (!check.get("status").asText().equals("ok")) {
                problems.add(check.toString());
            }
        }
        return new Run(exit, checks, out.toString(), problems);
    }

    private Run doctorOfA() throws IOException {
        return doctor("--pod", "default/" + node.a.name());
    }

    private void inPod(String commands) throws IOException {
        Tool.run(node.a.namespace(), "sh", "-ec", commands);
    }

    private static void assertFails(Run run, String check) {
        assertThat(run.with("fail")).as("%s", run.problems()).containsExactly(check);
        assertThat(run.with("warn")).as("%s", run.problems()).isEmpty();
        assertThat(run.exit()).isEqualTo(1);
    }

    @Test
    @Order(1)
    void aHealthyPodIsFoundHealthy() throws IOException {
        Run run = doctorOfA();
        assertThat(run.with("ok")).as("%s", run.problems()).contains("agent", "pod", "namespace", "proxy", "served", "port.15001", "port.15006",
                "port.15008", "port.15053", "port.15080", "rules", "leftovers", "marks", "routing", "loopback", "settings", "interfaces", "tools",
                "certificate", "mtls", "outbound", "inbound");
        assertThat(run.with("skip")).as("%s", run.problems()).containsExactly("node");
        assertThat(run.exit()).isZero();
        assertThat(run.text()).contains("ns/default/sa/sa-" + node.a.name(), "192.0.2.1");
        assertThat(doctor("--netns", Tool.pathOf(node.a.namespace()).toString()).checks()).isEqualTo(run.checks());
    }

    /** Plants a fault by commands in the pod. The agent may have repaired it by chance before the doctor came: then once more. */
    @Order(2)
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            a rule is deleted                       | rules     | iptables-nft -t nat -D ISTIO_PRERT 1                          | RESTORE
            another rule is before ours             | foreign   | iptables-nft -t nat -I OUTPUT -p tcp -d 10.0.0.0/8 -j ACCEPT  | RESTORE
            a table is flushed                      | rules     | iptables-nft -t mangle -F                                     | RESTORE
            the rules of IPv6 are missing           | rules     | ip6tables-nft -t nat -F; ip6tables-nft -t mangle -F           | RESTORE
            the policy rule is missing              | routing   | ip rule del pref 32764                                        | ip rule add pref 32764 fwmark 0x111/0xfff lookup 100 || true
            the policy rule of IPv6 is missing      | routing   | ip -6 rule del pref 32764                                     | ip -6 rule add pref 32764 fwmark 0x111/0xfff lookup 100 || true
            the local route is missing              | routing   | ip route flush table 100                                      | ip route replace local default dev lo table 100
            lo is down                              | loopback  | ip link set lo down                                           | ip link set lo up; ip route replace local default dev lo table 100; ip -6 route replace local default dev lo table 100
            a setting is changed                    | settings  | sysctl -qw net.ipv4.conf.eth0.route_localnet=1                | sysctl -qw net.ipv4.conf.eth0.route_localnet=0
            a rule of nft sets a mark of ours       | marks     | nft 'add table inet other; add chain inet other out { type filter hook output priority 10; }; add rule inet other out ip daddr 203.0.113.9 meta mark set 0x111' | nft delete table inet other
            a rule of iptables matches a mark       | marks     | iptables-nft -t mangle -A FORWARD -m mark --mark 0x539 -j ACCEPT | RESTORE
            another policy rule uses a mark         | marks     | ip rule add pref 100 fwmark 0x539/0xfff lookup main           | ip rule del pref 100
            another back end has left rules         | leftovers | nft 'add table inet istio-ambient-nat; add chain inet istio-ambient-nat old; add rule inet istio-ambient-nat old accept' | nft delete table inet istio-ambient-nat || true
            """)
    void namesTheFault(String fault, String check, String plant, String undo) throws IOException {
        Run run = planted(plant, undo);
        if (run.exit() == 0) {
            run = planted(plant, undo);
        }
        assertFails(run, check);
        if (fault.contains("IPv6")) {
            assertThat(run.problems()).anyMatch(problem -> problem.contains("IPv6"));
        }
    }

    private Run planted(String plant, String undo) throws IOException {
        inPod(plant);
        try {
            return doctorOfA();
        } finally {
            inPod(undo.equals("RESTORE") ? RESTORE.formatted(node.home) : undo);
        }
    }

    @Test
    @Order(4)
    void namesAPodThatWasMadeAgain() throws IOException {
        String pod = "default/c";
        assertThat(doctor("--pod", pod).with("fail")).isEmpty();
        try (NetworkNamespace again = NetworkNamespace.create()) {
            Files.delete(link);
            Files.createSymbolicLink(link, Tool.pathOf(again));
            Run run = doctor("--pod", pod);
            Files.delete(link);
            Files.createSymbolicLink(link, Tool.pathOf(node.c.namespace()));
            assertFails(run, "namespace");
            assertThat(run.text()).contains(again.identity().toString(), node.c.namespace().identity().toString());
        }
    }

    @Test
    @Order(4)
    void namesAPodThatTheAgentDoesNotKnow() throws IOException {
        assertFails(doctor("--pod", "default/nobody"), "pod");
        try (NetworkNamespace unknown = NetworkNamespace.create()) {
            assertFails(doctor("--netns", Tool.pathOf(unknown).toString()), "pod");
        }
    }

    /** The kernel ends a listener of the ztunnel, and then somebody else takes the port. */
    @Test
    @Order(5)
    void namesAMissingAndAForeignListener() throws IOException {
        endListener(node.b, 15053);
        assertFails(doctor("--pod", node.b.name()), "port.15053");
        endListener(node.c, 15001);
        assertFails(doctor("--pod", "c"), "port.15001");
        try (ServerSocketChannel foreign = node.c.namespace().call(ServerSocketChannel::open)) {
            foreign.bind(new InetSocketAddress("127.0.0.1", 15001));
            Run run = doctor("--pod", "c");
            assertFails(run, "port.15001");
            assertThat(run.text()).contains("(pid " + ProcessHandle.current().pid() + ") at 127.0.0.1");
        }
    }

    private static void endListener(Pod pod, int port) throws IOException {
        try (SocketDiag sockets = SocketDiag.open(pod.namespace())) {
            assertThat(sockets.destroy(SocketQuery.tcp().in(SocketState.LISTEN).where(SocketFilter.localPort(port)))).isNotEmpty();
        }
    }

    @Test
    @Order(6)
    void namesAMissingZtunnel() throws IOException, InterruptedException {
        node.process("ztunnel").destroyForcibly().waitFor(30, TimeUnit.SECONDS);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        Run run = doctorOfA();
        while (!run.with("fail").contains("proxy") && System.nanoTime() < deadline) {
            run = doctorOfA(); // until the agent has seen that it is gone
        }
        assertFails(run, "proxy");
    }

    @Test
    @Order(7)
    void namesAMissingAgent() throws IOException, InterruptedException {
        node.startZtunnel(); // serves nobody before the agent tells it
        node.process("agent").destroyForcibly().waitFor(30, TimeUnit.SECONDS);
        Run run = doctor("--netns", Tool.pathOf(node.a.namespace()).toString());
        assertThat(run.with("fail")).as("%s", run.problems()).contains("agent");
        assertThat(run.with("ok")).as("%s", run.problems()).contains("rules", "routing", "leftovers");
    }
}
