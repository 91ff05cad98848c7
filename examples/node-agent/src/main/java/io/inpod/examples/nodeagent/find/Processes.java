package io.inpod.examples.nodeagent.find;

import io.inpod.netns.NamespaceIdentity;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The processes of a node's pods, see proc(5). Any process may end, and its id be used again, between any two steps.
 *
 * @param proc where the node's {@code /proc} is mounted
 */
record Processes(Path proc) {
    private static final String KIND = "net:[";

    /** The field STARTTIME of {@code /proc/PID/stat}, counted from the one after the name. */
    private static final int START_TIME = 19;

    /**
     * Returns the network namespaces in which the node itself lives, where nobody is a pod: those of its process 1 and of this process.
     *
     * @throws IOException if they can't be found out
     */
    Set<NamespaceIdentity> ofTheNode() throws IOException {
        Set<NamespaceIdentity> node = new HashSet<>();
        for (Path file : List.of(proc.resolve("1/ns/net"), Path.of("/proc/self/ns/net"))) {
            try (NetworkNamespace namespace = NetworkNamespace.open(file)) {
                node.add(namespace.identity());
            } catch (IOException e) {
                throw new IOException("the node's network namespace can't be told from those of pods: " + e.getMessage()
                        + ". Mount the node's /proc, and add CAP_SYS_PTRACE", e);
            }
        }
        return node;
    }

    /**
     * Looks at all processes once.
     *
     * @param cgroups knows pods by their cgroups
     * @param ignored namespaces that are no pod's
     * @return those that are in a pod's cgroup and in another namespace, the oldest first
     * @throws IOException if there is no {@code /proc}
     */
    List<PodProcess> list(PodCgroup cgroups, Set<NamespaceIdentity> ignored) throws IOException {
        long device;
        try (NetworkNamespace any = NetworkNamespace.initial()) {
            device = any.identity().device(); // all namespaces are files of one file system
        }
        List<PodProcess> found = new ArrayList<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(proc, "[0-9]*")) {
            for (Path process : processes) {
                Optional<NamespaceIdentity> namespace = namespace(process, device).filter(identity -> !ignored.contains(identity));
                if (namespace.isPresent()) {
                    process(process, namespace.get(), cgroups).ifPresent(found::add);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        found.sort(PodProcess.OLDEST);
        return found;
    }

    /**
     * Opens a namespace by any process in it.
     *
     * @param identity the namespace, as {@code readlink /proc/PID/ns/net} prints it
     * @return the namespace, to be closed by the caller; empty if no process is in it
     * @throws IOException if no process is seen in it, but some may not be inspected
     */
    Optional<NetworkNamespace> open(String identity) throws IOException {
        IOException hidden = null;
        try (DirectoryStream<Path> all = Files.newDirectoryStream(proc, "[0-9]*")) {
            for (Path process : all) {
                Path file = process.resolve("ns/net");
                try {
                    if (Files.readSymbolicLink(file).toString().equals(identity)) {
                        NetworkNamespace opened = NetworkNamespace.open(file);
                        if (opened.identity().toString().equals(identity)) {
                            return Optional.of(opened);
                        }
                        opened.close();
                    }
                } catch (AccessDeniedException e) {
                    hidden = new IOException("the network namespace of process " + process.getFileName() + " may not be read, so that "
                            + identity + " may be in use: " + e.getMessage() + ". Add CAP_SYS_PTRACE", e);
                } catch (IOException e) {
                    // it has ended
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        if (hidden != null) {
            throw hidden;
        }
        return Optional.empty();
    }

    private static Optional<NamespaceIdentity> namespace(Path process, long device) {
        try {
            String link = Files.readSymbolicLink(process.resolve("ns/net")).toString();
            return link.startsWith(KIND)
                    ? Optional.of(new NamespaceIdentity(device, Long.parseLong(link.substring(KIND.length(), link.length() - 1))))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty(); // it has ended, or may not be inspected
        }
    }

    private static Optional<PodProcess> process(Path process, NamespaceIdentity namespace, PodCgroup cgroups) {
        OptionalLong started = started(read(process, "stat"));
        Optional<String> uid = cgroups.uid(read(process, "cgroup"));
        return started.isEmpty() ? Optional.empty()
                : uid.map(pod -> new PodProcess(Long.parseLong(process.getFileName().toString()), started.getAsLong(), namespace, pod));
    }

    /**
     * Opens the namespace of a process, unless the process has ended or changed its namespace.
     *
     * @param process one of the list
     * @return the namespace, to be closed by the caller; empty if the process isn't any more what it was
     */
    Optional<NetworkNamespace> open(PodProcess process) {
        Path directory = proc.resolve(Long.toString(process.pid()));
        try {
            NetworkNamespace opened = NetworkNamespace.open(directory.resolve("ns/net"));
            if (opened.identity().equals(process.namespace())
                    && started(read(directory, "stat")).equals(OptionalLong.of(process.started()))) {
                return Optional.of(opened);
            }
            opened.close();
        } catch (IOException e) {
            // it has ended
        }
        return Optional.empty();
    }

    /** Returns the cgroups of a process; empty if it has ended. */
    String cgroups(long pid) {
        return read(proc.resolve(Long.toString(pid)), "cgroup");
    }

    /** Returns when a process was started; empty if it has ended, even if its parent hasn't waited for it yet. */
    private static OptionalLong started(String stat) {
        // PID (NAME) STATE ...; the name may contain anything
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
        return fields.length <= START_TIME || fields[0].equals("Z") || fields[0].equals("X") ? OptionalLong.empty()
                : OptionalLong.of(Long.parseLong(fields[START_TIME]));
    }

    private static String read(Path process, String file) {
        try {
            return Files.readString(process.resolve(file), StandardCharsets.ISO_8859_1); // a name may contain any bytes
        } catch (IOException e) {
            return ""; // it has ended
        }
    }
}
