package io.inpod.examples.nodeagent.find;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files of /proc are read whatever the names of processes, and whatever is missing. */
class ProcessesTest {
    private static final String UID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

    @TempDir
    Path proc;

    private void process(long pid, String name, String state, long started, String namespace, String cgroup) throws IOException {
        Path process = Files.createDirectories(proc.resolve(Long.toString(pid)));
        Files.createSymbolicLink(Files.createDirectory(process.resolve("ns")).resolve("net"), Path.of(namespace));
        Files.writeString(process.resolve("stat"), pid + " (" + name + ") " + state + " 1 1 1 0 -1 4194560 181 0 0 0 0 0 0 0 20 0 1 0 " + started + " 2703360 217 1\n");
        Files.writeString(process.resolve("cgroup"), cgroup);
    }

    @Test
    void podsProcessesAreListedOldestFirst() throws Exception {
        String pod = "0::/kubepods/pod" + UID + "/c\n";
        process(7, "a) R 1 1 1 (b", "S", 900, "net:[70]", pod);
        process(8, "two\nlines", "R", 100, "net:[70]", pod);
        process(9, "pause", "S", 100, "net:[71]", pod);
        process(10, "node", "S", 1, "net:[60]", pod);
        process(11, "zombie", "Z", 2, "net:[70]", pod);
        process(12, "other", "S", 3, "net:[70]", "0::/system.slice\n");
        process(13, "odd", "S", 3, "uts:[70]", pod);
        Files.delete(Files.createDirectory(proc.resolve("14")));
        Files.createDirectory(proc.resolve("15")); // a process whose files have gone
        Files.createDirectory(proc.resolve("sys"));
        long device;
        try (NetworkNamespace any = NetworkNamespace.initial()) {
            device = any.identity().device();
        }
        List<PodProcess> found = new Processes(proc).list(new PodCgroup(List.of(UID)), Set.of(new NamespaceIdentity(device, 60)));
        assertThat(found).containsExactly(new PodProcess(8, 100, new NamespaceIdentity(device, 70), UID),
                new PodProcess(9, 100, new NamespaceIdentity(device, 71), UID), new PodProcess(7, 900, new NamespaceIdentity(device, 70), UID));
    }
}
