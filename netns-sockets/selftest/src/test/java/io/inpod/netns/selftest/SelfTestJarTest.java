package io.inpod.netns.selftest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the jar on its own, as on a node. */
class SelfTestJarTest {
    private static final long LIMIT_SECONDS = 120;

    @TempDir
    Path directory;

    private String runExpecting(int exitCode, String... through) throws Exception {
        Path jar = Files.copy(Path.of(System.getProperty("inpod.selftest.jar")), directory.resolve("selftest.jar"));
        Path temporary = Files.createDirectory(directory.resolve("tmp"));
        Path output = directory.resolve("output.txt");
        List<String> command = new ArrayList<>(List.of(through));
        command.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:-UsePerfData", "-XX:+UseSerialGC",
                "-Djava.io.tmpdir=" + temporary, "-jar", jar.toString()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
        String text = Files.readString(output);
        assertThat(process.exitValue()).as(text).isEqualTo(exitCode);
        try (Stream<Path> left = Files.list(temporary)) {
            assertThat(left).as("temporary files").isEmpty();
        }
        return text;
    }

    private static void assertAllWell(String text) {
        assertThat(text).doesNotContain("FAILED", "not tried")
                .containsPattern("native library +ok")
                .containsPattern("enter and leave +ok +in net:\\[\\d+], back in net:\\[\\d+]")
                .containsPattern("TCP, JDK channels +ok +/10\\.77\\.0\\.3:\\d+ to /10\\.77\\.0\\.2:\\d+")
                .containsPattern("TCP, Netty channels +ok +/10\\.77\\.0\\.3:\\d+ to /10\\.77\\.0\\.2:\\d+")
                .containsPattern("mark +ok +0x539")
                .containsPattern("transparent +ok")
                .containsPattern("pass a descriptor +ok +net:\\[\\d+], by SCM_RIGHTS from process \\d+")
                .containsPattern("netlink dump +ok +links \\[lo, .*eth0.*]")
                .containsPattern("nothing left behind +ok");
    }

    @Test
    void allIsWellForRoot() throws Exception {
        assertAllWell(runExpecting(0));
    }

    @Test
    void allIsWellInAUserNamespace() throws Exception {
        assertAllWell(runExpecting(0, "unshare", "-Urn"));
    }

    @Test
    void aMissingCapabilityIsNamed() throws Exception {
        assertThat(runExpecting(1, "setpriv", "--inh-caps=-all", "--bounding-set=-sys_admin"))
                .containsPattern("enter the namespace +FAILED +this process lacks CAP_SYS_ADMIN")
                .containsPattern("TCP, JDK channels +not tried")
                .containsPattern("nothing left behind +ok")
                .contains("selftest: enter the namespace: this process lacks CAP_SYS_ADMIN");
    }
}
