package io.inpod.examples.nodeagent;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.nodeagent.enrol.PodRedirection;
import io.inpod.examples.nodeagent.enrol.ProxyCgroups;
import io.inpod.iptables.backend.pod.PodRulesChange;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodOverrides;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Only the connected proxies' cgroups may use the proxy's mark; the rules follow when another proxy comes. */
@Pods(2)
class MarkOwnerTest {
    /** Connects with the proxy's mark. */
    private static final String FORGER = """
            import socket, sys
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, 36, 0x539)
            s.settimeout(float(sys.argv[2]))
            s.connect((sys.argv[1], 8080))
            """;

    @TempDir
    Path directory;

    private final List<Path> cgroups = new ArrayList<>();
    private Path older = Path.of("");
    private Path newer = Path.of("");

    @BeforeEach
    void createCgroups() {
        older = create("older");
        newer = create("newer");
    }

    private Path create(String name) {
        try {
            Path root = Files.readAllLines(Path.of("/proc/self/mountinfo")).stream().filter(line -> line.contains(" - cgroup2 ")).findFirst()
                    .map(line -> Path.of(line.split(" ")[4])).orElse(null);
            Assumptions.assumeTrue(root != null, "no cgroup2 file system is mounted");
            Path created = Files.createDirectory(root.resolve("inpod-" + name + "-" + ProcessHandle.current().pid() + "-" + System.nanoTime()));
            cgroups.add(created);
            return created;
        } catch (IOException e) {
            return Assumptions.abort("can't create cgroups here: " + e);
        }
    }

    @AfterEach
    void deleteCgroups() throws IOException {
        for (Path cgroup : cgroups) {
            delete(cgroup);
        }
    }

    /** A cgroup is busy until the last process in it has ended completely. */
    private static void delete(Path cgroup) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (true) {
            try {
                Files.deleteIfExists(cgroup);
                return;
            } catch (FileSystemException busy) {
                if (System.nanoTime() > deadline) {
                    throw busy;
                }
            }
        }
    }

    private static int forge(PodNetwork network, Path cgroup, int seconds) throws IOException {
        String enter = cgroup == null ? "" : "echo $$ >" + cgroup + "/cgroup.procs; ";
        return Tool.tryRun(network.pod(0).namespace(), "sh", "-c", enter + "exec python3 -c \"$0\" \"$@\"", FORGER,
                network.pod(1).address().getHostAddress(), Integer.toString(seconds)).exitCode();
    }

    private static Scene scene(Path directory, PodRedirection redirection, ProxyCgroups cgroups) throws IOException {
        Scene scene = new Scene(directory, overrides -> redirection.change(overrides, cgroups.paths()), Duration.ofSeconds(10));
        scene.server.onConnect(pids -> {
            cgroups.connected(pids);
            scene.reconciler.updateRules();
        });
        return scene;
    }

    @ParameterizedTest
    @CsvSource({"REDIRECT", "TPROXY"})
    void rulesFollowTheProxies(Profile profile, PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        PodRedirection redirection = new PodRedirection(profile, false, true);
        ProxyCgroups paths = new ProxyCgroups(Path.of("/proc"), PodRulesChange::cgroupExists, redirection::tryCgroups, directory.resolve("cgroups"));
        try (ServerSocketChannel server = network.pod(1).namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
                Scene scene = scene(directory, redirection, paths)) {
            server.bind(new InetSocketAddress(8080));
            try (FakeProxy first = new FakeProxy(scene.server, scene.socket, older)) {
                first.expectSnapshot();
                Future<Void> added = scene.adding("u1", pod);
                first.expectAdd(pod, "u1");
                assertThat(forge(network, null, 1)).as("any process").isNotZero();
                assertThat(forge(network, newer, 1)).as("the next proxy, not yet connected").isNotZero();
                assertThat(forge(network, older, 30)).as("the proxy").isZero();
                first.ack();
                added.get();
                try (FakeProxy second = new FakeProxy(scene.server, scene.socket, newer)) {
                    second.expectAdd(pod, "u1");
                    assertThat(forge(network, null, 1)).as("any process").isNotZero();
                    assertThat(forge(network, newer, 30)).as("the next proxy").isZero();
                    assertThat(forge(network, older, 30)).as("the proxy").isZero();
                    second.ack();
                    second.expectSnapshot();
                }
            }
            deleteCgroups(); // as a container runtime does when the proxies have ended
            redirection.change(PodOverrides.NONE, paths.paths()).install(network.pod(1).namespace());
        }
        redirection.change().remove(pod);
        redirection.change().remove(network.pod(1).namespace());
    }

    @Test
    void whereItIsImpossibleEveryProcessMay() throws Exception {
        Path proc = Files.createDirectories(directory.resolve("proc/7"));
        List<List<String>> tried = new ArrayList<>();
        Set<String> gone = new HashSet<>();
        ProxyCgroups paths = new ProxyCgroups(proc.getParent(), path -> !gone.contains(path), tried::add, directory.resolve("cgroups"));
        for (String line : new String[] {"0::/", "0::/../other.scope", "4:memory:/x"}) {
            Files.writeString(proc.resolve("cgroup"), line + "\n");
            paths.connected(List.of(7));
            assertThat(paths.paths()).isEmpty();
        }
        paths.connected(List.of(0));
        assertThat(paths.paths()).isEmpty();
        assertThat(tried).isEmpty();
        Files.writeString(proc.resolve("cgroup"), "3:cpu:/\n0::/kubepods/zt\n");
        paths.connected(List.of(7));
        assertThat(paths.paths()).containsExactly("kubepods/zt");
        assertThat(tried).containsExactly(List.of("kubepods/zt"));
        paths.connected(List.of(8, 7));
        assertThat(paths.paths()).as("with a session whose process has ended").containsExactly("kubepods/zt");
        gone.add("kubepods/zt");
        assertThat(paths.paths()).as("a cgroup that is gone can't be in rules").isEmpty();

        ProxyCgroups unable = new ProxyCgroups(proc.getParent(), path -> true, some -> {
            throw new IOException("no such match");
        }, directory.resolve("none"));
        unable.connected(List.of(7));
        assertThat(unable.paths()).isEmpty();
    }
}
