package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process whose heap is full, or almost full, ends. */
@Timeout(120)
class HeapWatchTest {
    private static final int ENDED = 7;
    private static final int OUT_OF_MEMORY = 3; // of -XX:+ExitOnOutOfMemoryError

    /** The process under test: keeps so much that only some KiB are left, and continues to allocate. */
    static final class Thrashing {
        private static volatile byte[] garbage = new byte[0];

        private Thrashing() {}

        public static void main(String[] arguments) {
            HeapWatch.start(Duration.ofMillis(500), () -> Runtime.getRuntime().halt(ENDED));
            long left = Long.parseLong(arguments[0]);
            List<byte[]> kept = new ArrayList<>(100_000);
            Runtime heap = Runtime.getRuntime();
            while (true) {
                garbage = new byte[1000];
                if (left == 0 || heap.maxMemory() - (heap.totalMemory() - heap.freeMemory()) > left) {
                    kept.add(garbage);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"200000", "0"})
    void aProcessWithAFullHeapEnds(String left) throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        Process process = new ProcessBuilder(java, "-XX:+UseSerialGC", "-Xmx24m", "-XX:+ExitOnOutOfMemoryError", "-cp", classPath,
                Thrashing.class.getName(), left).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(left.equals("0") ? OUT_OF_MEMORY : ENDED);
        } finally {
            process.destroyForcibly();
        }
    }
}
