package io.inpod.benchmarks;

import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.examples.ztunnel.source.MeshSource;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Not a JMH benchmark, because it measures memory and a file: the heap that a mesh of 50,000 workloads and 5,000 services takes, divided
 * by its workloads, and the time from the renaming of a file in which one workload has changed until the change counts, with the processor
 * time of the thread that reads it.
 */
public final class MeshFootprint {
    private static final int RELOADS = 15;

    private MeshFootprint() {}

    /** Measures. */
    @SuppressWarnings("ReferenceEquality") // whether it is the same object, not an equal one
    public static void main(String[] args) throws Exception {
        Path directory = Files.createTempDirectory("mesh");
        Path file = Files.writeString(directory.resolve("mesh.json"), MeshSample.json(-1));
        System.out.printf("file: %d KiB%n", Files.size(file) >> 10);
        MeshState state = new MeshState();
        LinkedBlockingQueue<Long> changes = new LinkedBlockingQueue<>();
        ProxyConfig config = ProxyConfig.from(Map.of("FAKE_CA", "true", "LOCAL_XDS_PATH", file.toString()));
        try (MeshSource source = MeshSource.of(config)) {
            long before = used();
            long start = System.nanoTime();
            source.start(state);
            System.out.printf("first reading: %d ms%n", (System.nanoTime() - start) / 1_000_000);
            System.out.printf("heap: %d bytes for each of %d workloads%n", (used() - before) / state.get().size(), state.get().size());
            state.onChange(() -> changes.offer(System.nanoTime()));
            for (int i = 0; i < RELOADS; i++) {
                Mesh old = state.get();
                Path next = Files.writeString(directory.resolve("next"), MeshSample.json(i));
                long cpu = cpu();
                long renamed = System.nanoTime();
                Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
                Long counts = changes.poll(60, TimeUnit.SECONDS);
                if (counts == null) {
                    throw new IllegalStateException("the file wasn't read: " + source.status().error());
                }
                long kept = old.workloads().stream().filter(w -> state.get().workload(w.uid()).filter(now -> now == w).isPresent()).count();
                System.out.printf("reload: %d ms, of which %d ms of processor time; %d workloads are the same objects%n",
                        (counts - renamed) / 1_000_000, (cpu() - cpu) / 1_000_000, kept);
            }
        }
        Files.delete(file);
        Files.delete(directory);
    }

    private static long cpu() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.getAllThreadIds()).filter(id -> threads.getThreadInfo(id).getThreadName().equals("mesh"))
                .map(threads::getThreadCpuTime).sum();
    }

    private static long used() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            System.gc();
            TimeUnit.MILLISECONDS.sleep(200);
        }
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
