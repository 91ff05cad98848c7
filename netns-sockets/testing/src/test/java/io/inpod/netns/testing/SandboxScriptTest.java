package io.inpod.netns.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The wrapper script in the jar. */
class SandboxScriptTest {
    @TempDir
    Path directory;

    @Test
    void theScriptInTheJarBuildsASandbox() throws Exception {
        Path script = Files.createDirectories(directory.resolve("bin")).resolve("java");
        try (InputStream resource = Objects.requireNonNull(Pod.class.getResourceAsStream("/inpod-sandbox/bin/java"))) {
            Files.copy(resource, script);
        }
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        ProcessBuilder builder = new ProcessBuilder(script.toString(), "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), Where.class.getName());
        builder.environment().remove("INPOD_SANDBOX");
        builder.environment().put("INPOD_JAVA_HOME", System.getProperty("java.home"));
        try (ChildProcess process = ChildProcess.start(builder.redirectErrorStream(true))) {
            assertThat(process.awaitExit()).as(process.output()).isZero();
            assertThat(process.output()).startsWith("sandbox 1 in net:[").doesNotContain(Where.here());
        }
    }

    /** Runs inside the sandbox. */
    static final class Where {
        private Where() {}

        public static void main(String[] args) throws IOException {
            System.out.println("sandbox " + System.getenv("INPOD_SANDBOX") + " in " + here());
        }

        static String here() throws IOException {
            return Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString();
        }
    }
}
