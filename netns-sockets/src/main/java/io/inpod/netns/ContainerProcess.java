package io.inpod.netns;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A process of a container. It is found by its cgroup, see cgroups(7): every runtime puts the container's id into the cgroup's name.
 *
 * @param pid the process
 * @param started its start time in the clock ticks of {@code /proc/PID/stat}, see proc_pid_stat(5)
 */
record ContainerProcess(long pid, long started) {
    private static final Path PROC = Path.of("/proc");
    private static final Pattern ID = Pattern.compile("[0-9a-f]{12,64}");
    private static final int TRIES = 10;
    private static final Comparator<ContainerProcess> ORDER =
            Comparator.comparingLong(ContainerProcess::started).thenComparingLong(ContainerProcess::pid);

    /**
     * Names such as docker-ID.scope, cri-containerd-ID.scope, crio-ID.scope, libpod-ID.scope, kubepods-podUID.slice:cri-containerd:ID, and
     * ID alone where the runtime doesn't use systemd. The process conmon, which monitors a container of Podman or CRI-O, isn't in the
     * container.
     */
    private static final Pattern NAME = Pattern.compile("(?:.*[-:])?(?<!conmon-)([0-9a-f]{64})(?:\\.scope)?");

    /** See {@link NetworkNamespace#ofContainer}. */
    static NetworkNamespace open(String id) throws IOException {
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException(
                    "a container's id has 64 hexadecimal digits (0-9a-f), of which at least the first 12 are needed, not \"" + id + "\"");
        }
        for (int tries = 1;; tries++) {
            long pid = first(id).pid;
            try {
                NetworkNamespace found = NetworkNamespace.ofProcess(pid);
                if (!containers(pid, id).isEmpty()) {
                    return found;
                }
                found.close(); // it has ended, and its number has been reused
            } catch (NoSuchFileException e) {
                if (tries == TRIES) {
                    throw e;
                }
            }
        }
    }

    /** The process that the runtime started. Later ones of the same container may have entered other namespaces. */
    private static ContainerProcess first(String id) throws IOException {
        TreeMap<String, ContainerProcess> found = new TreeMap<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path process : processes) {
                long pid = Long.parseLong(process.getFileName().toString());
                for (String container : containers(pid, id)) {
                    ContainerProcess candidate = of(pid);
                    if (candidate != null) {
                        found.merge(container, candidate, BinaryOperator.minBy(ORDER));
                    }
                }
            }
        }
        if (found.isEmpty()) {
            throw new NoSuchFileException(id, null, "no process in " + PROC
                    + " has the cgroup of a container with that id: it isn't running, or its processes"
                    + " aren't visible from here: they are in the machine's pid namespace "
                    + "(`docker run --pid=host`, or `hostPID: true` of a pod)");
        }
        if (found.size() > 1) {
            throw new FileSystemException(id, null,
                    "the ids of several containers begin with it, so more digits are needed: " + found.keySet());
        }
        return found.firstEntry().getValue();
    }

    /** Null if the process has ended, even if its parent hasn't waited for it yet. */
    private static @Nullable ContainerProcess of(long pid) {
        // PID (NAME) STATE ...; the name may contain anything
        String stat = read(pid, "stat");
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
        return fields.length < 20 || fields[0].equals("Z") || fields[0].equals("X") ? null
                : new ContainerProcess(pid, Long.parseLong(fields[19]));
    }

    private static Set<String> containers(long pid, String prefix) {
        Set<String> containers = containers(read(pid, "cgroup"));
        containers.removeIf(container -> !container.startsWith(prefix));
        return containers;
    }

    /** The containers' ids in the text of {@code /proc/PID/cgroup}; for containers in containers, only the innermost. */
    static Set<String> containers(String cgroups) {
        Set<String> ids = new HashSet<>();
        for (String line : cgroups.split("\n")) { // hierarchy:controllers:path
            String[] names = line.substring(line.indexOf(':', line.indexOf(':') + 1) + 1).split("/");
            for (int i = names.length - 1; i >= 0; i--) {
                Matcher name = NAME.matcher(names[i]);
                if (name.matches()) {
                    ids.add(name.group(1));
                    break;
                }
            }
        }
        return ids;
    }

    private static String read(long pid, String file) {
        try {
            return Files.readString(PROC.resolve(pid + "/" + file), StandardCharsets.ISO_8859_1); // a name may contain any bytes
        } catch (IOException e) {
            return ""; // it has ended
        }
    }
}
