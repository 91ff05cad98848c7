package io.inpod.examples.nodeagent.plugin;

import static io.inpod.examples.nodeagent.plugin.Runtime.RESULT;
import static io.inpod.examples.nodeagent.plugin.Runtime.args;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.cniplugin.NativePlugin;
import io.inpod.examples.nodeagent.install.CniService;
import io.inpod.examples.nodeagent.plugin.Runtime.Outcome;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The option {@code --cni} of the agent: the plugin is installed, and answered. */
@Pods
class CniServiceTest {
    @TempDir
    Path directory;

    private final FakeEnrolment enrolment = new FakeEnrolment();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void stop() {
        threads.shutdown();
    }

    private CniService start(String... more) throws Exception {
        CniService service = new CniService();
        CommandLine line = new CommandLine(service);
        String[] paths = {"--cni-bin-dir", "bin", "--cni-conf-dir", "net.d", "--cni-socket", "run/plugin.sock"};
        for (int i = 1; i < paths.length; i += 2) {
            paths[i] = directory.resolve(paths[i]).toString();
        }
        line.parseArgs(java.util.stream.Stream.of(paths, more).flatMap(java.util.Arrays::stream).toArray(String[]::new));
        return service.start(new FakeSource(), enrolment, uid -> Optional.empty(), threads);
    }

    @Test
    void thePluginIsInstalledAndAnswered(PodNetwork network) throws Exception {
        Path list = Files.writeString(Files.createDirectory(directory.resolve("net.d")).resolve("10-x.conflist"),
                "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":[{\"type\":\"bridge\"}]}");
        Path netns = Tool.pathOf(network.pod(0).namespace());
        Runtime runtime = new Runtime(directory, directory.resolve("run/plugin.sock"));
        try (CniService service = start("--cni")) {
            while (service.problem() != null) {
                Thread.onSpinWait();
            }
            assertThat(list).content().contains("\"agentSocket\":\"" + directory.resolve("run/plugin.sock") + "\"");
            assertThat(directory.resolve("bin/inpod-cni")).hasBinaryContent(NativePlugin.program());
            assertThat(runtime.call("ADD", args("in-0", "u1"), netns)).isEqualTo(new Outcome(0, RESULT));
        }
        assertThat(enrolment.steps).hasSize(1);
        assertThat(list).content().contains("inpod-cni");
        assertThat(runtime.call("DEL", args("in-0", "u1"), netns)).isEqualTo(new Outcome(0, ""));
    }

    @Test
    void withoutTheOptionNothingHappens() throws Exception {
        try (CniService service = start()) {
            assertThat(service.problem()).isNull();
        }
        assertThat(directory).isEmptyDirectory();
    }
}
