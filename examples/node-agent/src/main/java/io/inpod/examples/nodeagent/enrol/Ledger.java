package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.iptables.pod.PodOverrides;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * In which namespaces the agent has installed rules, as files: if a pod leaves the mesh while no agent runs, or one ends in the middle of a
 * removal, the next one finds the rules and removes them. Nothing else depends on it, so a full disk stops no enrolment. Thread-safe.
 */
public final class Ledger {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");
    private static final int LINES = 5;

    /**
     * An entry.
     *
     * @param pod the pod, as far as it is known
     * @param identity the identity of its namespace, as {@link io.inpod.netns.NamespaceIdentity} prints it
     */
    record Entry(MeshPod pod, String identity) {
        /** Reads the lines of a file. */
        static Entry of(List<String> lines) {
            WorkloadInfo info = new WorkloadInfo(lines.get(2), lines.get(3), lines.get(4));
            return new Entry(new MeshPod(lines.get(0), info, PodOverrides.NONE, Set.of(), null, null), lines.get(1));
        }
    }

    private final Path directory;
    private final Map<String, List<String>> written = new ConcurrentHashMap<>();

    /**
     * Creates a ledger; nothing is read or written yet.
     *
     * @param directory where its files are; created when it is needed
     */
    public Ledger(Path directory) {
        this.directory = directory;
    }

    /**
     * Returns what an earlier agent has entered about other pods than these. The kernel uses a namespace's number again, so an entry with
     * the same one as that of a pod among these is about a namespace that is gone, and is deleted: these pods' rules must stay.
     */
    List<Entry> othersThan(Set<String> uids) {
        List<Entry> entries = new ArrayList<>();
        if (!Files.isDirectory(directory)) {
            return entries;
        }
        Set<String> inUse = new HashSet<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                List<String> lines = Files.readAllLines(file);
                if (lines.size() != LINES) {
                    Files.delete(file); // the disk was full
                } else if (uids.contains(lines.get(0))) {
                    inUse.add(lines.get(1));
                } else {
                    entries.add(Entry.of(lines));
                }
            }
        } catch (IOException | java.nio.file.DirectoryIteratorException e) {
            LOG.warn("can't read {}: {}; rules of pods that left the mesh meanwhile stay, and keep them closed", directory, e.getMessage());
            return List.of(); // without all entries, nobody knows whose a namespace is
        }
        entries.stream().filter(entry -> inUse.contains(entry.identity())).forEach(entry -> erase(entry.pod().uid()));
        entries.removeIf(entry -> inUse.contains(entry.identity()));
        return entries;
    }

    /**
     * What was entered of a pod.
     *
     * @param uid the pod
     * @param info its names
     * @param identity the identity of its namespace, in the form of {@code readlink /proc/PID/ns/net}
     */
    public record Remembered(String uid, WorkloadInfo info, String identity) {}

    /**
     * Reads what an agent that may not run has entered. Changes nothing.
     *
     * @return its pods; empty if there are none, or they can't be read
     */
    public List<Remembered> remembered() {
        List<Remembered> found = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                List<String> lines = Files.readAllLines(file);
                if (lines.size() == LINES) {
                    Entry entry = Entry.of(lines);
                    found.add(new Remembered(entry.pod().uid(), entry.pod().info(), entry.identity()));
                }
            }
        } catch (IOException | java.nio.file.DirectoryIteratorException e) {
            LOG.debug("{} can't be read: {}", directory, e.getMessage());
        }
        return found;
    }

    /** Returns what is entered about a pod, by this agent or an earlier one; null if nothing is, or it can't be read. */
    @Nullable
    Entry entry(String uid) {
        try {
            List<String> lines = Files.readAllLines(file(uid));
            return lines.size() == LINES ? Entry.of(lines) : null;
        } catch (IOException e) {
            return null;
        }
    }

    /** Enters a pod, before its rules are installed. */
    void enter(EnrolledPod pod) {
        List<String> lines = List.of(pod.uid(), pod.netns().identity().toString(), pod.info().name(), pod.info().namespace(),
                pod.info().serviceAccount());
        if (lines.equals(written.get(pod.uid()))) {
            return;
        }
        try {
            if (!Files.isDirectory(directory)) {
                Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            Files.write(file(pod.uid()), lines);
            written.put(pod.uid(), lines);
        } catch (IOException e) {
            LOG.warn("pod {}: can't write to {}: {}; if it leaves the mesh while no agent runs, its rules stay", pod.uid(), directory,
                    e.getMessage());
        }
    }

    /** Deletes the entry of a pod, after its rules were removed. */
    void erase(String uid) {
        written.remove(uid);
        try {
            Files.deleteIfExists(file(uid));
        } catch (IOException e) {
            LOG.warn("pod {}: can't delete from {}: {}", uid, directory, e.getMessage());
        }
    }

    private Path file(String uid) {
        return directory.resolve(UUID.nameUUIDFromBytes(uid.getBytes(StandardCharsets.UTF_8)).toString());
    }
}
