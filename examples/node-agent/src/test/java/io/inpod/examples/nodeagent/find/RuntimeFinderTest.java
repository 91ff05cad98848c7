package io.inpod.examples.nodeagent.find;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.CodedOutputStream;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.nodeagent.pod.NamespaceFinder;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Pods are found by what a runtime says on its socket: the file of their namespace, or a process. */
@Pods(2)
class RuntimeFinderTest {
    private static final Processes PROCESSES = new Processes(Path.of("/proc"));

    @TempDir
    Path directory;

    /** Writes one field of a message. */
    private interface Field {
        void write(CodedOutputStream out) throws IOException;
    }

    private static byte[] message(Field... fields) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            for (Field field : fields) {
                field.write(out);
            }
            out.flush();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return bytes.toByteArray();
    }

    private static byte[] sandbox(String id, String uid, long created) {
        byte[] metadata = message(out -> out.writeString(1, "web"), out -> out.writeString(2, uid), out -> out.writeString(3, "shop"), out -> out.writeUInt32(4, 1));
        byte[] label = message(out -> out.writeString(1, "io.kubernetes.pod.uid"), out -> out.writeString(2, uid));
        return message(out -> out.writeString(1, id), out -> out.writeByteArray(2, metadata), out -> out.writeInt64(4, created), out -> out.writeByteArray(5, label));
    }

    private static byte[] list(byte[]... sandboxes) {
        return message(List.of(sandboxes).stream().map(sandbox -> (Field) out -> out.writeByteArray(1, sandbox)).toArray(Field[]::new));
    }

    private static byte[] status(int mode, String info) {
        byte[] options = message(out -> out.writeEnum(1, mode), out -> out.writeEnum(2, 1));
        byte[] linux = message(out -> out.writeByteArray(1, message(inner -> inner.writeByteArray(2, options))));
        byte[] status = message(out -> out.writeString(1, "id"), out -> out.writeInt64(4, 5), out -> out.writeByteArray(6, linux));
        byte[] entry = message(out -> out.writeString(1, "info"), out -> out.writeString(2, info));
        return message(out -> out.writeByteArray(1, status), out -> out.writeByteArray(2, entry));
    }

    private static String spec(String path) {
        return "{\"pid\":0,\"runtimeSpec\":{\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\",\"path\":\"" + path + "\"}]}}}";
    }

    private Map<String, NetworkNamespace> find(TestRuntime runtime, String... uids) throws IOException {
        List<MeshPod> pods = List.of(uids).stream().map(uid -> FindersKernelTest.pod(uid)).toList();
        Map<String, NetworkNamespace> found = new RuntimeFinder(runtime.socket(), PROCESSES, List.of(directory.resolve("host-run-netns"))).find(pods);
        found.values().forEach(NetworkNamespace::close);
        return found;
    }

    @Test
    void theRuntimeNamesTheFile(PodNetwork network) throws Exception {
        Path mounted = Files.createDirectory(directory.resolve("host-run-netns"));
        Files.createSymbolicLink(mounted.resolve("cni-1"), Tool.pathOf(network.pod(1).namespace()));
        try (TestRuntime runtime = new TestRuntime(directory)) {
            runtime.sandboxes = list(sandbox("s0", "u0", 7), sandbox("older", "u1", 1), sandbox("s1", "u1", 2), sandbox("old", "u1", 1), sandbox("host", "u2", 3),
                    sandbox("gone", "u3", 3), sandbox("lost", "u4", 4), sandbox("node", "u5", 4), sandbox("other", "unwanted", 4));
            runtime.statuses.put("s0", status(0, spec(Tool.pathOf(network.pod(0).namespace()).toString())));
            runtime.statuses.put("s1", status(0, spec("/var/run/netns/cni-1"))); // which is mounted elsewhere
            runtime.statuses.put("host", status(2, spec(Tool.pathOf(network.pod(0).namespace()).toString())));
            runtime.statuses.put("lost", status(0, spec("/var/run/netns/cni-9")));
            runtime.statuses.put("node", status(0, spec("/proc/1/ns/net")));
            assertThat(find(runtime, "u0", "u1", "u2", "u3", "u4", "u5", "u6")).isEqualTo(Map.of("u0", network.pod(0).namespace(), "u1", network.pod(1).namespace()));
            assertThat(runtime.requests).contains("ListPodSandbox 0a021200").doesNotContain("PodSandboxStatus older", "PodSandboxStatus other")
                    .contains("PodSandboxStatus s1", "PodSandboxStatus gone");
        }
    }

    @Test
    void theRuntimeNamesAProcess(PodNetwork network) throws Exception {
        try (Cgroups cgroups = new Cgroups(); TestRuntime runtime = new TestRuntime(directory)) {
            try (ChildProcess pause = cgroups.start(network.pod(0), "k8s.io/s0"); ChildProcess other = cgroups.start(network.pod(1), "kubepods/podu1/s1")) {
                runtime.sandboxes = list(sandbox("s0", "u0", 7), sandbox("s2", "u2", 1), sandbox("s1", "u1", 2));
                runtime.statuses.put("s0", status(0, "{\"pid\":" + pause.handle().pid() + "}"));
                runtime.statuses.put("s2", status(0, "{\"pid\":" + other.handle().pid() + "}")); // a number that was used again
                runtime.statuses.put("s1", status(0, "{\"pid\":" + other.handle().pid() + ",\"runtimeSpec\":{\"linux\":{\"namespaces\":[{\"type\":\"network\"}]}}}"));
                assertThat(find(runtime, "u0", "u1", "u2")).isEqualTo(Map.of("u0", network.pod(0).namespace(), "u1", network.pod(1).namespace()));
            }
        }
    }

    /** To ask costs memory, and the plugin tells of a pod whose network is made: only one that isn't found otherwise is asked for. */
    @Test
    void theAgentAsksForAPodWithoutAnAddressAtTheThirdSearch(PodNetwork network) throws Exception {
        try (TestRuntime runtime = new TestRuntime(directory)) {
            runtime.sandboxes = list(sandbox("s0", "u0", 7), sandbox("s1", "u1", 2));
            runtime.statuses.put("s0", status(0, spec(Tool.pathOf(network.pod(0).namespace()).toString())));
            runtime.statuses.put("s1", status(0, spec(Tool.pathOf(network.pod(1).namespace()).toString())));
            FinderOptions options = CommandLine.populateCommand(new FinderOptions(), "--runtime=" + runtime.socket(), "--netns-dir=" + directory);
            NamespaceFinder finder = options.finder(problem -> { });
            List<MeshPod> pods = List.of(FindersKernelTest.pod("u0"));
            assertThat(finder.find(pods)).isEmpty();
            assertThat(finder.find(pods)).isEmpty();
            assertThat(runtime.requests).isEmpty();
            FindersKernelTest.assertFound(finder, pods, Map.of("u0", network.pod(0).namespace()));
            FindersKernelTest.assertFound(finder, List.of(FindersKernelTest.pod("u1", network.pod(1).address())), Map.of("u1", network.pod(1).namespace()));
        }
    }

    @Test
    void aRuntimeThatDoesNotAnswerIsNamed(PodNetwork network) throws Exception {
        RuntimeFinder nobody = new RuntimeFinder(directory.resolve("nobody.sock"), PROCESSES, List.of());
        assertThatThrownBy(() -> nobody.find(List.of(FindersKernelTest.pod("u0")))).isInstanceOf(IOException.class).hasMessageContaining("nobody.sock")
                .hasMessageContaining("is it running");
        List<String> problems = new ArrayList<>();
        Files.createSymbolicLink(directory.resolve("cni-0"), Tool.pathOf(network.pod(0).namespace()));
        MeshPod pod = FindersKernelTest.pod("u0", network.pod(0).address());
        Map<String, NetworkNamespace> found =
                NamespaceFinders.onNode(Path.of("/proc"), directory.resolve("nobody.sock"), List.of(directory), problems::add).find(List.of(pod));
        found.values().forEach(NetworkNamespace::close);
        assertThat(found).isEqualTo(Map.of("u0", network.pod(0).namespace()));
        assertThat(problems).singleElement().asString().contains("nobody.sock");
        try (TestRuntime runtime = new TestRuntime(directory)) {
            runtime.sandboxes = new byte[] {(byte) 0xff, 1, 2};
            assertThatThrownBy(() -> find(runtime, "u0")).isInstanceOf(IOException.class);
            runtime.sandboxes = list(sandbox("s0", "u0", 7));
            runtime.statuses.put("s0", status(0, "not JSON"));
            assertThatThrownBy(() -> find(runtime, "u0")).isInstanceOf(IOException.class);
        }
    }
}
