package io.inpod.examples.nodeagent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./inpod agent install} and {@code uninstall}. */
class InstallCommandTest {
    @TempDir
    Path directory;

    private String run(int expected, String... arguments) {
        StringWriter out = new StringWriter();
        PrintWriter both = new PrintWriter(out, true);
        assertThat(Main.run(both, both, arguments)).as("%s", out).isEqualTo(expected);
        return out.toString().strip();
    }

    @Test
    void thePluginComesAndGoes() throws Exception {
        Path configurations = Files.createDirectory(directory.resolve("net.d"));
        Path list = configurations.resolve("10-x.conflist");
        Path cache = Files.createDirectories(directory.resolve("cni/results"));
        String[] paths = {"--cni-bin-dir", directory.resolve("bin").toString(), "--cni-conf-dir", configurations.toString()};
        String[] install = {"install", paths[0], paths[1], paths[2], paths[3], "--exclude-namespaces", "kube-system,monitoring"};
        String[] uninstall = {"uninstall", paths[0], paths[1], paths[2], paths[3], "--cni-cache-dir", String.valueOf(cache.getParent())};
        assertThat(run(1, install)).contains("there is no network configuration in " + configurations + " yet");

        Files.writeString(list, "{\"cniVersion\":\"1.0.0\",\"name\":\"n\",\"plugins\":[{\"type\":\"bridge\"}]}");
        assertThat(run(0, install)).isEqualTo(list + ": entry added behind bridge");
        assertThat(run(0, install)).isEqualTo("the CNI plugin is installed already");
        assertThat(list).content().contains("\"agentSocket\":\"/var/run/inpod-cni/plugin.sock\",\"excludeNamespaces\":[\"kube-system\",\"monitoring\"]");

        assertThat(run(0, uninstall)).contains("entry removed", "inpod-cni removed");
        assertThat(run(0, uninstall)).isEqualTo("the CNI plugin isn't installed");
    }
}
