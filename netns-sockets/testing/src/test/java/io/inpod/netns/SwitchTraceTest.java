package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Pods(2)
class SwitchTraceTest {
    @Test
    void flightRecorderSeesEverySwitch(PodNetwork network, @TempDir Path directory) throws Exception {
        NetworkNamespace outer = network.pod(0).namespace();
        NetworkNamespace inner = network.pod(1).namespace();
        try (Recording recording = new Recording()) {
            recording.enable("io.inpod.NamespaceSwitch");
            recording.start();

            outer.run(() -> inner.run(() -> {}));
            assertThatThrownBy(() -> outer.run(() -> {
                throw new IllegalStateException();
            }));

            recording.stop();
            recording.dump(directory.resolve("r.jfr"));
        }
        outer.run(() -> {});
        List<RecordedEvent> events = RecordingFile.readAllEvents(directory.resolve("r.jfr"));

        assertThat(events).hasSize(3);
        assertThat(events).extracting(event -> event.getString("namespace"))
                .containsExactlyInAnyOrder(inner.identity().toString(), outer.identity().toString(), outer.identity().toString());
        assertThat(events).extracting(event -> event.getBoolean("failed")).containsExactlyInAnyOrder(false, false, true);
        assertThat(events).allSatisfy(event -> {
            assertThat(event.getDuration()).isPositive();
            assertThat(event.getThread().getJavaName()).isEqualTo(Thread.currentThread().getName());
        });
    }

    /** Through jffi, because the JDK's linker itself allocates 40 bytes for a call unless its compiler sees that they aren't needed. */
    @Test
    void costsNoAllocationWhenOff() throws Exception {
        assertThat(ChildJvm.run(ChildJvm.command(Switches.class).withOptions("-Dio.inpod.native=jnr"))).isEqualTo("no allocation\n");
    }

    @Test
    void worksWithoutFlightRecorder(PodNetwork network) throws Exception {
        assertThat(ChildJvm.run(ChildJvm.command(Switch.class).withOptions("--limit-modules", "java.logging,jdk.unsupported"))).isEqualTo("without\nfine\n");
        assertThat(ChildJvm.run(ChildJvm.command(Switch.class))).isEqualTo("with\nfine\n");
    }

    /** Counts in a separate process, which can be told how to call C. */
    static final class Switches {
        private Switches() {}

        public static void main(String[] args) throws IOException {
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            NamespaceBody<Integer, RuntimeException> body = () -> 1;
            try (NetworkNamespace namespace = NetworkNamespace.create()) {
                for (int i = 0; i < 10_000; i++) {
                    namespace.call(body);
                }
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 10_000; i++) {
                    namespace.call(body);
                }
                long bytes = threads.getCurrentThreadAllocatedBytes() - before;
                // the measurement itself, and compilation of this loop, may allocate a little
                System.out.println(bytes < 10_000 ? "no allocation" : bytes + " bytes");
            }
        }
    }

    /** Runs in a separate process, for its modules. */
    static final class Switch {
        private Switch() {}

        public static void main(String[] args) throws IOException {
            System.out.println(ModuleLayer.boot().findModule("jdk.jfr").isPresent() ? "with" : "without");
            try (NetworkNamespace created = NetworkNamespace.create()) {
                System.out.println(created.<String, RuntimeException>call(() -> "fine"));
            }
        }
    }
}
