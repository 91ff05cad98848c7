package io.inpod.iptables.backend.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.RuleSet;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Backends;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netlink.PolicyRule;
import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** While one version of the rules replaces another, no new connection escapes, and none is refused that both versions redirect. */
@Pods(2)
class PodUpgradeKernelTest {
    /** Writes to each connection the port that accepted it; for both families, and for foreign destinations too. */
    private static final String SERVER = """
            import select, socket, sys
            ports = {}
            for port in map(int, sys.argv[1:]):
                for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
                    s = socket.socket(family)
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    if family == socket.AF_INET:
                        s.setsockopt(socket.SOL_IP, 19, 1)
                    else:
                        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                        s.setsockopt(socket.IPPROTO_IPV6, 75, 1)
                    s.bind((host, port))
                    s.listen(512)
                    ports[s] = port
            print("ready", flush=True)
            while True:
                for s in select.select(list(ports), [], [])[0]:
                    c, _ = s.accept()
                    try:
                        c.sendall(b"%d\\n" % ports[s])
                    except OSError:
                        pass
                    c.close()
            """;

    /** Connects to port 8080 repeatedly until its input ends, and prints each new outcome. */
    private static final String CLIENT = """
            import select, socket, sys, time
            seen = {}
            print("ready", flush=True)
            while not select.select([sys.stdin], [], [], 0)[0]:
                try:
                    s = socket.create_connection((sys.argv[1], 8080), int(sys.argv[2]))
                    outcome = s.recv(16).decode().strip() or "nothing"
                    s.close()
                except ConnectionRefusedError:
                    outcome = "refused"
                except ConnectionResetError:
                    outcome = "reset"
                except OSError as e:
                    outcome = str(e)
                seen[outcome] = seen.get(outcome, 0) + 1
                time.sleep(0.001) # leaves the others some of the machine
            for outcome, count in seen.items():
                print(outcome, count)
            print("end", flush=True)
            """;

    private final List<PythonProcess> processes = new ArrayList<>();

    private static void install(String backend, PodRules rules, NetworkNamespace pod) throws IOException {
        new PodRulesChange(rules, List.of(Backends.named(backend).orElseThrow()), reason -> {
        }).install(pod);
    }

    private PythonProcess start(NetworkNamespace where, String program, String... arguments) throws IOException {
        PythonProcess process = PythonProcess.start(where, program, arguments);
        processes.add(process);
        assertThat(process.line()).isEqualTo("ready");
        return process;
    }

    /** Back ends that change table by table or in one transaction, and two that take turns with tables of different kinds. */
    @ParameterizedTest
    @CsvSource({"iptables-nft, 1", "netlink, 3", "iptables-legacy netlink-inet, 1"})
    void nothingPassesBetweenTheVersions(String backends, int rounds, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        NetworkNamespace peer = network.pod(1).namespace();
        for (int i = 0; i < 2; i++) {
            try (Rtnetlink inside = Rtnetlink.open(network.pod(i).namespace())) {
                inside.addresses().add("eth0", InetAddress.getByName("fd77::" + (2 + i)), 64);
            }
        }
        try (Rtnetlink inside = Rtnetlink.open(pod)) {
            for (io.inpod.netns.IpFamily family : io.inpod.netns.IpFamily.values()) {
                inside.rules().add(new PolicyRule(family, 32764, 0x111, 0xfff, 100));
                inside.routes().add(Route.localDefault(family, "lo", 100));
            }
        }
        InPodRedirection v4 = InPodRedirection.of(IpFamily.V4);
        InPodRedirection v6 = InPodRedirection.of(IpFamily.V6);
        List<PodRules> versions = List.of(PodRules.of(v4, v6), PodRules.of(v4.withProfile(Profile.TPROXY), v6.withProfile(Profile.TPROXY)),
                PodRules.of(v4), PodRules.of(v4.withProfile(Profile.TPROXY), v6).withGuard(false), PodRules.of(v4.withDnsCapture(true)));
        String[] names = backends.split(" ");
        int installed = 0;
        install(names[0], versions.get(0), pod);
        try {
            start(pod, SERVER, "15001", "15006", "8080");
            start(peer, SERVER, "8080");
            List<PythonProcess> clients = List.of(start(pod, CLIENT, "10.77.0.3", "30"), start(peer, CLIENT, "10.77.0.2", "30"),
                    start(pod, CLIENT, "fd77::3", "2"), start(peer, CLIENT, "fd77::2", "2"));
            for (int round = 0; round < rounds; round++) {
                for (int version : new int[] {1, 0, 2, 1, 2, 3, 0, 4, 3, 4, 0}) {
                    install(names[++installed % names.length], versions.get(version), pod);
                }
            }
            List<Set<String>> outcomes = new ArrayList<>();
            for (PythonProcess client : clients) {
                client.endInput();
                Set<String> seen = new TreeSet<>();
                for (String line = client.line(); !line.equals("end"); line = client.line()) {
                    seen.add(line.replaceFirst(" \\d+$", ""));
                }
                outcomes.add(seen);
            }
            assertThat(outcomes.get(0)).as("IPv4 out").containsExactly("15001");
            assertThat(outcomes.get(1)).as("IPv4 in").containsExactly("15006");
            // The rejection also cuts off connections that were accepted before it, because it applies to all TCP segments.
            assertThat(outcomes.get(2)).as("IPv6 out").contains("15001").isSubsetOf("15001", "refused", "reset", "timed out", "nothing");
            assertThat(outcomes.get(3)).as("IPv6 in").contains("15006").isSubsetOf("15006", "refused", "reset", "timed out", "nothing");
        } finally {
            processes.forEach(PythonProcess::close);
        }
    }

    /**
     * A packet that has passed the old mangle table and then passes the new nat table meets neither redirection. Rules without the guard are
     * therefore replaced by rules with it first.
     */
    @ParameterizedTest
    @ValueSource(strings = {"netlink", "netlink-inet"})
    void rulesWithoutTheGuardFollowRulesWithIt(String name, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Backend backend = Backends.named(name).orElseThrow();
        PodRules before = PodRules.of(InPodRedirection.of(IpFamily.V4)).withGuard(false);
        PodRules after = PodRules.of(InPodRedirection.of(IpFamily.V4).withProfile(Profile.TPROXY)).withGuard(false);
        List<RuleSet> applied = new ArrayList<>();
        Backend recording = (Backend) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {Backend.class}, (self, method, args) -> {
            if (method.getName().equals("apply")) {
                applied.add((RuleSet) args[2]);
            }
            return method.invoke(backend, args);
        });
        PodRulesChange change = new PodRulesChange(after, List.of(recording), reason -> {
        });

        new PodRulesChange(before, List.of(recording), reason -> {
        }).install(pod);
        change.install(pod);
        change.install(pod);

        assertThat(applied).containsExactly(PodRulesChange.ruleSet(before, backend), PodRulesChange.ruleSet(after.withGuard(true), backend),
                PodRulesChange.ruleSet(after, backend), PodRulesChange.ruleSet(after, backend));
        assertThat(Tool.run(pod, "nft", "list", "ruleset")).containsIgnoringCase("tproxy").doesNotContainIgnoringCase("inpod_inbound").doesNotContainIgnoringCase("inpod-inbound");
    }
}
