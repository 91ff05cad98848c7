package io.inpod.examples.zds;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/** What the tests ask of the system they run on. */
final class Kernel {
    private Kernel() {}

    /** Network namespaces can be made here; otherwise the test is skipped, or fails where nothing may be skipped. */
    static void requireNamespaces() {
        require(System.getenv("INPOD_SANDBOX") != null, "network namespaces can't be created here");
    }

    static void require(boolean condition, String otherwise) {
        if (!condition && "true".equals(System.getenv("CI"))) {
            Assertions.fail(otherwise);
        }
        Assumptions.assumeTrue(condition, otherwise);
    }

    /** A path by which another process of the sandbox can open a namespace as long as it is open here. */
    static String pathOf(NetworkNamespace namespace) throws IOException {
        int number = namespace.fd().acquire();
        namespace.fd().release();
        return "/proc/" + ProcessHandle.current().pid() + "/fd/" + number;
    }

    static long openDescriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }
}
