package io.inpod.examples.nodeagent.find;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.NamespaceFinder;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.iptables.pod.PodOverrides;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pods are found by processes in real cgroups and namespaces, and by files; nobody is mistaken for another. */
@Pods(3)
class FindersKernelTest {
    private static final String A = UUID.randomUUID().toString();
    private static final String B = UUID.randomUUID().toString();
    private static final String C = UUID.randomUUID().toString();

    private final Processes processes = new Processes(Path.of("/proc"));
    private final NamespaceFinder byProcess = new ProcessFinder(processes);
    private final List<ChildProcess> started = new ArrayList<>();
    private Cgroups cgroups;

    @TempDir
    Path directory;

    @BeforeEach
    void createCgroups() {
        cgroups = new Cgroups();
    }

    @AfterEach
    void deleteCgroups() throws IOException {
        for (ChildProcess process : started) {
            process.close();
        }
        cgroups.close();
    }

    static MeshPod pod(String uid, InetAddress... addresses) {
        return new MeshPod(uid, new WorkloadInfo("n", "ns", "sa"), PodOverrides.NONE, Set.of(addresses), null, null);
    }

    private ChildProcess start(Pod pod, String cgroup) throws IOException {
        ChildProcess process = cgroups.start(pod, cgroup);
        started.add(process);
        return process;
    }

    static void assertFound(NamespaceFinder finder, List<MeshPod> pods, Map<String, NetworkNamespace> expected) throws IOException {
        Map<String, NetworkNamespace> found = finder.find(pods);
        found.values().forEach(NetworkNamespace::close);
        assertThat(found).isEqualTo(expected);
    }

    @Test
    void podsAreFoundByTheirProcesses(PodNetwork network) throws Exception {
        start(network.pod(0), "kubepods/burstable/pod" + A + "/c1");
        start(network.pod(1), "kubepods.slice/kubepods-pod" + B.replace('-', '_') + ".slice/cri-containerd-c2.scope");
        start(network.pod(2), "kubepods/pod" + C + "/c3");
        InetAddress a = network.pod(0).address();
        assertFound(byProcess, List.of(pod(A, a), pod(B, network.pod(1).address6()), pod(C)),
                Map.of(A, network.pod(0).namespace(), B, network.pod(1).namespace())); // C's addresses aren't known
        assertFound(byProcess, List.of(pod(A, network.pod(1).address())), Map.of());
        assertFound(byProcess, List.of(pod(A, InetAddress.getByName("192.0.2.1"), a)), Map.of(A, network.pod(0).namespace()));
    }

    @Test
    void aNamespaceIsInUseByAProcessOrAFileAndNotByADescriptor(PodNetwork network) throws Exception {
        NamespaceFinder node = NamespaceFinders.onNode(Path.of("/proc"), null, List.of(directory), problem -> {});
        NetworkNamespace netns = network.pod(0).namespace();
        assertThat(isInUse(node, netns)).isFalse();
        ChildProcess process = start(network.pod(0), "kubepods/pod" + A + "/c1");
        assertThat(isInUse(node, netns)).isTrue();
        assertThat(isInUse(node, network.pod(1).namespace())).isFalse();
        process.close();
        assertThat(isInUse(node, netns)).isFalse();
        Files.createSymbolicLink(directory.resolve("cni-1"), Tool.pathOf(netns));
        assertThat(isInUse(node, netns)).isTrue();
    }

    private static boolean isInUse(NamespaceFinder finder, NetworkNamespace netns) throws IOException {
        try (NetworkNamespace opened = finder.open(netns.identity().toString()).orElse(null)) {
            assertThat(opened == null || opened.equals(netns)).isTrue();
            return opened != null;
        }
    }

    /** As a daemon that configures pods does, or a container that makes namespaces of its own. */
    @Test
    void aProcessInAnotherNamespaceIsNotFollowed(PodNetwork network) throws Exception {
        start(network.pod(1), "kubepods/pod" + A + "/c0"); // the oldest
        started.add(cgroups.startOnNode("kubepods/pod" + A + "/c1"));
        assertFound(byProcess, List.of(pod(A, network.pod(0).address())), Map.of());
        start(network.pod(0), "kubepods/pod" + A + "/c2");
        start(network.pod(1), "kubepods/pod" + B + "/c3");
        assertFound(byProcess, List.of(pod(A, network.pod(0).address()), pod(B, network.pod(1).address())),
                Map.of(A, network.pod(0).namespace(), B, network.pod(1).namespace()));
    }

    @Test
    void theOldestProcessDecides(PodNetwork network) throws Exception {
        InetAddress shared = InetAddress.getByName("10.99.0.1");
        for (int i = 0; i < 2; i++) {
            try (Rtnetlink links = Rtnetlink.open(network.pod(i).namespace())) {
                links.addresses().add("lo", shared, 32);
            }
        }
        ChildProcess first = start(network.pod(1), "kubepods/pod" + A + "/c0");
        start(network.pod(0), "kubepods/pod" + A + "/c1");
        assertFound(byProcess, List.of(pod(A, shared)), Map.of(A, network.pod(1).namespace()));
        first.close();
        assertFound(byProcess, List.of(pod(A, shared)), Map.of(A, network.pod(0).namespace()));
    }

    /** It has given itself the other pod's address, and a cgroup of its name. */
    @Test
    void noPodPassesForAnother(PodNetwork network) throws Exception {
        InetAddress victim = InetAddress.getByName("10.99.0.1");
        try (Rtnetlink links = Rtnetlink.open(network.pod(0).namespace())) {
            links.addresses().add("lo", victim, 32);
        }
        start(network.pod(0), "kubepods/pod" + B + "/c0/kubepods/pod" + A + "/c1");
        assertFound(byProcess, List.of(pod(A, victim)), Map.of());
        assertFound(byProcess, List.of(pod(A, victim), pod(B, victim)), Map.of(B, network.pod(0).namespace()));
        Files.createSymbolicLink(directory.resolve("cni-0"), Tool.pathOf(network.pod(0).namespace()));
        assertFound(new FileFinder(processes, List.of(directory)), List.of(pod(A, victim)), Map.of());
    }

    @Test
    void theNodeIsNoPod() throws Exception {
        InetAddress own = InetAddress.getByName("192.0.2.9");
        try (NetworkNamespace node = NetworkNamespace.initial(); Rtnetlink links = Rtnetlink.open(node)) {
            links.links().up("lo");
            links.addresses().add("lo", own, 32);
            started.add(cgroups.startOnNode("kubepods/pod" + A + "/c0"));
            Files.createSymbolicLink(directory.resolve("host"), Path.of("/proc/1/ns/net"));
            assertFound(NamespaceFinders.onNode(Path.of("/proc"), null, List.of(directory), problem -> {}), List.of(pod(A, own)), Map.of());
            Tool.run(node, "ip", "address", "delete", "192.0.2.9/32", "dev", "lo");
        }
        assertThatThrownBy(() -> new ProcessFinder(new Processes(directory)).find(List.of(pod(A, own)))).hasMessageContaining("Mount the node's /proc");
    }

    @Test
    void aNamespaceOfTwoPodsIsNeithers(PodNetwork network) throws Exception {
        start(network.pod(0), "kubepods/pod" + A + "/c0");
        start(network.pod(0), "kubepods/pod" + B + "/c0");
        start(network.pod(1), "kubepods/pod" + C + "/c0");
        List<String> problems = new ArrayList<>();
        InetAddress address = network.pod(0).address();
        assertFound(NamespaceFinders.onNode(Path.of("/proc"), null, List.of(), problems::add),
                List.of(pod(A, address), pod(B, address), pod(C, network.pod(1).address())), Map.of(C, network.pod(1).namespace()));
        assertThat(problems).singleElement().asString().contains(A, B, network.pod(0).namespace().identity().toString());
    }

    @Test
    void aProcessThatIsNotTheSameAnyMoreIsNotOpened(PodNetwork network) throws Exception {
        ChildProcess process = start(network.pod(0), "kubepods/pod" + A + "/c0");
        PodProcess seen = processes.list(new PodCgroup(List.of(A)), Set.of()).stream().filter(each -> each.uid().equals(A)).findFirst().orElseThrow();
        assertThat(seen.pid()).isEqualTo(process.handle().pid());
        assertThat(seen.namespace()).isEqualTo(network.pod(0).namespace().identity());
        processes.open(seen).orElseThrow().close();
        assertThat(processes.open(new PodProcess(seen.pid(), seen.started() - 1, seen.namespace(), A))).as("its number was another's").isEmpty();
        assertThat(processes.open(new PodProcess(seen.pid(), seen.started(), network.pod(1).namespace().identity(), A))).as("it has moved").isEmpty();
        process.close();
        assertThat(processes.open(seen)).as("it has ended").isEmpty();
    }

    /** Processes of a pod end, and others take their place, while it is searched for. */
    @Test
    void processesThatVanishAreHarmless(PodNetwork network) throws Exception {
        start(network.pod(0), "kubepods/pod" + A + "/c0");
        AtomicBoolean stop = new AtomicBoolean();
        ChildProcess churn = network.pod(0).start("sh", "-c", "echo in; while :; do /bin/true & /bin/true & wait; done");
        churn.expect("in");
        Thread ends = new Thread(() -> {
            while (!stop.get()) {
                try {
                    cgroups.start(network.pod(0), "kubepods/pod" + A + "/c0").close();
                } catch (IOException e) {
                    stop.set(true);
                }
            }
        });
        ends.start();
        for (int i = 0; i < 10; i++) {
            assertFound(byProcess, List.of(pod(A, network.pod(0).address())), Map.of(A, network.pod(0).namespace()));
        }
        assertThat(stop).isFalse();
        stop.set(true);
        ends.join();
        churn.close();
    }

    @Test
    void podsWithoutProcessesAreFoundByFiles(PodNetwork network) throws Exception {
        for (int i = 0; i < 3; i++) {
            Files.createSymbolicLink(directory.resolve("cni-" + i), Tool.pathOf(network.pod(i).namespace()));
        }
        Files.createSymbolicLink(directory.resolve("again"), Tool.pathOf(network.pod(0).namespace()));
        Files.createSymbolicLink(directory.resolve("uts"), Path.of("/proc/self/ns/uts"));
        Files.createSymbolicLink(directory.resolve("nowhere"), Path.of("/nowhere"));
        Files.createFile(directory.resolve("left over"));
        Files.createDirectory(directory.resolve("directory"));
        start(network.pod(2), "kubepods/pod" + C + "/c0");
        NamespaceFinder finder = NamespaceFinders.onNode(Path.of("/proc"), null, List.of(directory, directory.resolve("nowhere")), problem -> {});
        List<MeshPod> pods = List.of(pod(A, network.pod(0).address()), pod(B, network.pod(1).address6()), pod(C, network.pod(2).address()), pod("d"));
        assertFound(finder, pods, Map.of(A, network.pod(0).namespace(), B, network.pod(1).namespace(), C, network.pod(2).namespace()));
        try (Rtnetlink links = Rtnetlink.open(network.pod(1).namespace())) { // a leaked namespace, whose address was given to a new pod
            links.addresses().add("lo", network.pod(0).address(), 32);
        }
        assertFound(finder, pods, Map.of(B, network.pod(1).namespace(), C, network.pod(2).namespace()));
    }
}
