package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.io.TempDir;

class NativeLoadTest {
    private static final String NOEXEC = "mount -t tmpfs -o noexec tmpfs \"$1\"; cd \"$1\"; shift; exec \"$@\"";

    @TempDir
    Path directory;
    private Path noexec;

    @BeforeEach
    void directoryForLibraries() throws IOException {
        noexec = Files.createDirectory(directory.resolve("noexec"));
    }

    private ChildJvm.Command where(String... options) {
        return ChildJvm.command(Load.class).withOptions(options).through("unshare", "--mount", "sh", "-euc", NOEXEC, "sh", noexec.toString());
    }

    private static ChildJvm.Command withoutJnr(String... options) {
        return ChildJvm.command(Load.class).withOptions(options).withClassPath(Arrays.stream(ChildJvm.classPath().split(":"))
                .filter(entry -> !Path.of(entry).getFileName().toString().matches("(jnr|jffi|asm)-.*")).collect(Collectors.joining(":")));
    }

    @Test
    void anErrorNamesTheNoexecDirectoryAndThePropertyToMoveIt() throws Exception {
        Path exec = Files.createDirectory(directory.resolve("exec"));

        assertThat(ChildJvm.runExpecting(1, where("-Dio.inpod.native=jnr", "-Djava.io.tmpdir=" + noexec)))
                .contains("UnsatisfiedLinkError: can't load the native library, which jffi extracts into " + noexec + " or else into the current directory")
                .contains("noexec")
                .contains("-Djffi.extract.dir=DIRECTORY");
        assertThat(ChildJvm.run(where("-Dio.inpod.native=jnr", "-Djava.io.tmpdir=" + noexec, "-Djffi.extract.dir=" + exec))).isEqualTo("loaded\n");
        assertThat(ChildJvm.run(where("-Dio.inpod.native=jnr", "-Djava.io.tmpdir=" + exec))).isEqualTo("loaded\n");
    }

    @Test
    void jnrCanBeMissingFromJava22On() throws Exception {
        String missing = ChildJvm.runExpecting(1, withoutJnr("-Dio.inpod.native=jnr"));
        assertThat(missing).contains("UnsatisfiedLinkError: on Java " + Runtime.version().feature() + " the C library is called through jffi, which is missing (com/kenai/jffi/",
                "add com.github.jnr:jffi", "--add-modules org.jnrproject.jffi");
        if (Runtime.version().feature() >= 22) {
            assertThat(ChildJvm.run(withoutJnr())).isEqualTo("loaded\n");
        } else {
            assertThat(ChildJvm.runExpecting(1, withoutJnr())).isEqualTo(missing);
            assertThat(ChildJvm.runExpecting(1, withoutJnr("-Dio.inpod.native=foreign")))
                    .contains("UnsatisfiedLinkError: -Dio.inpod.native=foreign needs Java 22 or later, and this is Java " + Runtime.version().feature());
        }
    }

    @Test
    void anUnknownWayIsRefused() throws Exception {
        assertThat(ChildJvm.runExpecting(1, withoutJnr("-Dio.inpod.native=jni"))).contains("UnsatisfiedLinkError: -Dio.inpod.native must be foreign or jnr, not jni");
    }

    @Test
    @EnabledForJreRange(minVersion = 22)
    void noLibraryIsExtractedFromJava22On() throws Exception {
        assertThat(ChildJvm.run(where("-Djava.io.tmpdir=" + noexec))).isEqualTo("loaded\n");
    }

    @Test
    @EnabledForJreRange(minVersion = 24)
    void aRefusalOfNativeAccessNamesTheFlag() throws Exception {
        assertThat(ChildJvm.runExpecting(1, withoutJnr("--illegal-native-access=deny")))
                .contains("UnsatisfiedLinkError: this Java refuses native access: run it with --enable-native-access=ALL-UNNAMED");
        assertThat(ChildJvm.run(withoutJnr("--illegal-native-access=deny", "--enable-native-access=ALL-UNNAMED"))).isEqualTo("loaded\n");
    }

    /** Runs in a separate process: a class is loaded only once. */
    static final class Load {
        private Load() {}

        public static void main(String[] args) throws IOException {
            NetworkNamespace.current().close();
            System.out.println("loaded");
        }
    }
}
