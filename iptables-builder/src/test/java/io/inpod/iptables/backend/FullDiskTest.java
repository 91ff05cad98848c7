package io.inpod.iptables.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.iptables.Kernel;
import io.inpod.iptables.pod.PodRules;
import io.inpod.iptables.text.Differences;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The tools don't report that their output couldn't be written completely. An empty listing would make all rules look missing, and a
 * rollback to the "found" rules would remove the redirection.
 */
class FullDiskTest {
    private static final String NAME = "inpod-full-disk";
    private static final int OTHERS = 300;

    @TempDir
    private Path directory;

    private NetworkNamespace pod;

    @BeforeEach
    void open() throws Exception {
        Kernel.namespace().close(); // skips the test without the privilege
        pod = NetworkNamespace.create(NAME);
    }

    @AfterEach
    void close() throws Exception {
        if (pod != null) {
            pod.close();
            NetworkNamespace.delete(NAME);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"iptables-legacy", "iptables-nft", "nft"})
    void rulesAreReplacedAllTheSame(String name) throws Exception {
        Backend backend = Backends.named(name).orElseThrow();
        if (backend.layout() == Layout.IPTABLES) {
            others(name + "-restore");
            others(name.replace("iptables", "ip6tables") + "-restore");
        }
        List<String> command = List.of("unshare", "--mount", "sh", "-c", "mount -t tmpfs -o size=16m tmpfs \"$0\" && exec \"$@\"", directory.toString(),
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-Djava.io.tmpdir=" + directory, "-cp", System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                ApplyOnFullDisk.class.getName(), name, "/run/netns/" + NAME);
        try (ChildProcess process = ChildProcess.start(command)) {
            process.lineWith("done");
            assertThat(process.awaitExit()).isZero();
        }
        assertThat(Differences.between(backend.read(pod, PodRules.NAMES), ApplyForEver.rules(1, backend))).isEmpty();
    }

    /** Loads so many foreign rules that a listing doesn't fit into the remaining space. */
    private void others(String restore) throws Exception {
        StringBuilder rules = new StringBuilder("*mangle\n:OTHERS - [0:0]\n");
        for (int i = 0; i < OTHERS; i++) {
            rules.append("-A OTHERS -p tcp --dport ").append(i + 1).append(" -j RETURN\n");
        }
        Kernel.run(pod, rules.append("COMMIT\n").toString(), restore);
    }
}
