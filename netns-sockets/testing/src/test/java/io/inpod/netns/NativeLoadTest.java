package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLoadTest {
    private static final String NOEXEC = "mount -t tmpfs -o noexec tmpfs \"$1\"; cd \"$1\"; shift; exec \"$@\"";

    @TempDir
    Path directory;

    private ChildJvm.Command where(String... options) {
        return ChildJvm.command(Load.class).withOptions(options)
                .through("unshare", "--mount", "sh", "-euc", NOEXEC, "sh", directory.resolve("noexec").toString());
    }

    @Test
    void anErrorNamesTheNoexecDirectoryAndThePropertyToMoveIt() throws Exception {
        Path noexec = Files.createDirectory(directory.resolve("noexec"));
        Path exec = Files.createDirectory(directory.resolve("exec"));

        assertThat(ChildJvm.runExpecting(1, where("-Djava.io.tmpdir=" + noexec)))
                .contains("UnsatisfiedLinkError: can't load the native library, which jffi extracts into " + noexec + " or else into the current directory")
                .contains("noexec")
                .contains("-Djffi.extract.dir=DIRECTORY");
        assertThat(ChildJvm.run(where("-Djava.io.tmpdir=" + noexec, "-Djffi.extract.dir=" + exec))).isEqualTo("loaded\n");
        assertThat(ChildJvm.run(where("-Djava.io.tmpdir=" + exec))).isEqualTo("loaded\n");
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
