package io.inpod.examples.nodeagent.install;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The plugin is installed as soon as that is possible, and again whenever somebody takes it out. */
class InstallWatchTest {
    private static final String BRIDGE = "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":[{\"type\":\"bridge\"}]}";

    @TempDir
    Path directory;

    private Path configurations;
    private InstallWatch watch;
    private Thread thread;

    @BeforeEach
    void start() throws IOException {
        configurations = directory.resolve("etc/cni/net.d");
        watch = new InstallWatch(new Installer(directory.resolve("bin"), configurations, new PluginEntry(Path.of("/run/x.sock"), List.of())), configurations);
        thread = new Thread(watch::run);
        thread.start();
    }

    @AfterEach
    void stop() throws InterruptedException {
        watch.close();
        thread.join();
    }

    private Path write(String name) throws IOException {
        Path temporary = Files.writeString(configurations.resolve("new"), BRIDGE);
        return Files.move(temporary, configurations.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }

    /** Ends with the test's time limit. */
    private static void awaitEntry(Path list) throws Exception {
        while (!Files.readString(list).contains("inpod-cni")) {
            Thread.onSpinWait();
        }
    }

    private void awaitProblem(boolean some) {
        while ((watch.problem() == null) == some) {
            Thread.onSpinWait();
        }
    }

    @Test
    void theConfigurationIsAwaitedAndRepaired() throws Exception {
        while (!Files.isDirectory(configurations)) {
            Thread.onSpinWait();
        }
        assertThat(watch.problem()).isNotNull();
        awaitEntry(write("10-bridge.conflist"));
        awaitProblem(false);
        awaitEntry(write("10-bridge.conflist"));
        awaitEntry(write("02-other-mesh.conflist"));
    }

    @Test
    void whoeverRewritesAgainAndAgainIsGivenTime() {
        Repairs repairs = new Repairs();
        List<Long> pauses = java.util.stream.IntStream.range(0, 12).mapToObj(i -> repairs.repaired(i * 1_000_000_000L).toSeconds()).toList();
        assertThat(pauses).containsExactly(0L, 0L, 0L, 0L, 0L, 1L, 2L, 4L, 8L, 16L, 16L, 16L);
        assertThat(repairs.repaired(Duration.ofMinutes(7).toNanos())).isZero();
    }
}
