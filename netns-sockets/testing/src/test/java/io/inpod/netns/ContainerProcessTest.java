package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.TestAbortedException;

/** Uses real processes in real control groups with the names that container runtimes give them. */
class ContainerProcessTest {
    private static final String DIGITS = "0123456789abcdef".repeat(4);
    private static final String A = "aaaa" + DIGITS.substring(4);
    private static final String B = "bbbb" + DIGITS.substring(4);
    private static final String LIKE_B = B.substring(0, 40) + "0".repeat(24);

    private final Deque<Path> groups = new ArrayDeque<>();
    private final Deque<Process> processes = new ArrayDeque<>();

    @AfterEach
    void end() throws Exception {
        for (Process process : processes) {
            process.destroyForcibly().waitFor();
            process.getInputStream().close();
            process.getErrorStream().close();
            process.getOutputStream().close();
        }
        for (Path group : groups) {
            Files.delete(group); // they belong to the machine, not to the sandbox
        }
    }

    /** A directory of the test in the hierarchy, or the reason to skip the test. */
    private Path root() throws Exception {
        if (!Files.readString(Path.of("/proc/filesystems")).contains("cgroup2")) {
            throw new TestAbortedException("this kernel was built without cgroup2");
        }
        Path mountPoint = Files.createDirectories(Path.of("/run/test-cgroup"));
        ProcessBuilder command = new ProcessBuilder("sh", "-c", "mountpoint -q $0 || mount -t cgroup2 none $0", mountPoint.toString());
        try (ChildProcess mount = ChildProcess.start(command.redirectErrorStream(true))) {
            if (mount.awaitExit() != 0) {
                throw new IOException(mount.output());
            }
            Path root = Files.createTempDirectory(mountPoint, "inpod-test-");
            groups.push(root);
            return root;
        } catch (IOException e) {
            String message = "missing privilege to make control groups (root has it): " + e.getMessage();
            if ("true".equals(System.getenv("CI"))) {
                throw new AssertionError(message, e);
            }
            throw new TestAbortedException(message, e);
        }
    }

    private Path group(Path parent, String name) throws IOException {
        Path group = Files.createDirectory(parent.resolve(name));
        groups.push(group);
        return group;
    }

    private void sleep(Path group, NetworkNamespace where) throws IOException {
        Process process = new ProcessBuilder(Tool.inside(where, "sh", "-c", "echo $$ >\"$0\"; echo; exec sleep 1000", group.resolve("cgroup.procs").toString()))
                .redirectErrorStream(true).start();
        processes.push(process);
        assertThat(process.getInputStream().read()).as("the process is in its group").isEqualTo('\n');
    }

    private static void assertOpens(String id, NetworkNamespace expected) throws IOException {
        try (NetworkNamespace found = NetworkNamespace.ofContainer(id)) {
            assertThat(found).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"docker-ID.scope", "cri-containerd-ID.scope", "crio-ID.scope", "libpod-ID.scope", "ID"})
    @Pods(2)
    void opensByTheGroupNamesOfTheRuntimes(String name, PodNetwork network) throws Exception {
        Path group = group(root(), name.replace("ID", A));
        sleep(group, network.pod(0).namespace());
        sleep(group, network.pod(1).namespace()); // as if it had moved there itself

        assertOpens(A, network.pod(0).namespace());
        assertOpens(A.substring(0, 12), network.pod(0).namespace());
    }

    @Test
    @Pods(2)
    void aContainerInsideAContainerIsFound(PodNetwork network) throws Exception {
        Path outer = group(root(), A);
        Path inner = group(outer, "docker-" + B + ".scope");
        sleep(inner, network.pod(1).namespace());
        assertThatThrownBy(() -> NetworkNamespace.ofContainer(A)).isInstanceOf(NoSuchFileException.class);

        sleep(group(outer, "init.scope"), network.pod(0).namespace());

        assertOpens(A, network.pod(0).namespace());
        assertOpens(B, network.pod(1).namespace());
    }

    @Test
    @Pods(2)
    void tooFewDigitsAreRefused(PodNetwork network) throws Exception {
        Path root = root();
        sleep(group(root, B), network.pod(0).namespace());
        sleep(group(root, "docker-" + LIKE_B + ".scope"), network.pod(1).namespace());

        assertThatThrownBy(() -> NetworkNamespace.ofContainer(B.substring(0, 12)))
                .isInstanceOf(FileSystemException.class)
                .hasMessageContaining("the ids of several containers begin with it, so more digits are needed")
                .hasMessageContaining(B).hasMessageContaining(LIKE_B);
        assertOpens(B.substring(0, 41), network.pod(0).namespace());
        assertOpens(LIKE_B, network.pod(1).namespace());
    }

    @Test
    @Pods(1)
    void reportsThatThereIsNone(PodNetwork network) throws Exception {
        sleep(group(root(), "libpod-conmon-" + A + ".scope"), network.pod(0).namespace()); // Podman's monitor, outside the container

        assertThatThrownBy(() -> NetworkNamespace.ofContainer(A))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining(A + ": no process in /proc has the cgroup of a container with that id")
                .hasMessageContaining("hostPID: true");
        assertThatThrownBy(() -> NetworkNamespace.ofContainer(A.substring(0, 11))).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("first 12");
        assertThatThrownBy(() -> NetworkNamespace.ofContainer("my-nginx-container")).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("my-nginx-container");
    }

    /** The content of /proc/PID/cgroup on other systems: version 1, and other ways in which runtimes and kubelets nest groups. */
    @ParameterizedTest
    @CsvSource({
        "'12:cpu,cpuacct:/docker/A|1:name=systemd:/docker/A|0::/', A",
        "4:memory:/process_api/B|0::/, B",
        "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod8f0c.slice/cri-containerd-A.scope, A",
        "11:pids:/kubepods/besteffort/pod8f0c44f5-6d0a-4a5c-b0a1-0d1d4c5a3f10/A, A",
        "9:cpu:/system.slice/containerd.service/kubepods-pod8f0c.slice:cri-containerd:A, A",
        "0::/machine.slice/libpod-A.scope/container, A",
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/docker-A.scope, A",
        "0::/../../system.slice/docker-A.scope/init, A",
        "0::/docker/A/kubelet.slice/kubepods.slice/cri-containerd-B.scope, B",
        "0::/machine.slice/libpod-conmon-A.scope,",
        "0::/system.slice/crio-conmon-A.scope,",
        "0::/system.slice/docker-A.scope (deleted),",
        "0::/docker/A0,",
        "0::/user.slice/session-3.scope,",
        "'',",
        "garbage,",
    })
    void readsTheGroupsOfAnySystem(String cgroups, String expected) {
        String text = cgroups.replace("|", "\n").replaceAll("\\bA", A).replaceAll("\\bB", B);
        var found = ContainerProcess.containers(text);
        if (expected == null) {
            assertThat(found).isEmpty();
        } else {
            assertThat(found).containsExactly(expected.equals("A") ? A : B);
        }
    }
}
