package io.inpod.examples.nodeagent.find;

import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** Cgroups of pods as a kubelet makes them, below one of the test's own, and processes in them. To be closed when those have ended. */
final class Cgroups implements AutoCloseable {
    private final Path root;
    private final List<Path> created = new ArrayList<>();

    /** Skips the test where cgroups can't be created. */
    Cgroups() {
        root = mounted().resolve("inpod-" + ProcessHandle.current().pid() + "-" + System.nanoTime());
        try {
            create(root);
        } catch (IOException e) {
            Assumptions.abort("can't create cgroups here: " + e);
        }
    }

    private static Path mounted() {
        try {
            Path found = Files.readAllLines(Path.of("/proc/self/mountinfo")).stream().filter(line -> line.contains(" - cgroup2 ")).findFirst()
                    .map(line -> Path.of(line.split(" ")[4])).orElse(null);
            Assumptions.assumeTrue(found != null, "no cgroup2 file system is mounted");
            return found;
        } catch (IOException e) {
            return Assumptions.abort("can't find cgroups here: " + e);
        }
    }

    private void create(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            if (!directory.equals(root)) {
                create(directory.getParent());
            }
            created.add(Files.createDirectory(directory));
        }
    }

    /** Starts a process that stays in a pod's namespace until it is told to end. */
    ChildProcess start(Pod pod, String path) throws IOException {
        return entered(pod.start("sh", "-c", script(path)));
    }

    /** Starts a process that stays in this process's own namespace. */
    ChildProcess startOnNode(String path) throws IOException {
        Tool.require("sh");
        return entered(ChildProcess.start(List.of("sh", "-c", script(path))));
    }

    private String script(String path) throws IOException {
        Path directory = root.resolve(path);
        create(directory);
        return "echo $$ >" + directory + "/cgroup.procs && echo in && read end";
    }

    private static ChildProcess entered(ChildProcess process) throws IOException {
        process.expect("in");
        return process;
    }

    /** A cgroup is busy until the last process in it has ended completely. */
    @Override
    public void close() throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        for (int i = created.size() - 1; i >= 0;) {
            try {
                Files.delete(created.get(i));
                i--;
            } catch (FileSystemException busy) {
                if (System.nanoTime() > deadline) {
                    throw busy;
                }
            }
        }
    }
}
