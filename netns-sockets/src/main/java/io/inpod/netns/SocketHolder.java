package io.inpod.netns;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A process that has a socket open.
 *
 * @param pid the process, as this process sees it
 * @param program its name (comm), see proc_pid_comm(5)
 */
public record SocketHolder(long pid, String program) {
    private static final Path PROC = Path.of("/proc");

    /**
     * Searches {@code /proc} for the processes that have a socket open. It reads one link for each descriptor on the machine, and is meant
     * for diagnosis. Processes that this process doesn't see or may not inspect (ptrace(2), "Ptrace access mode checking") are missed.
     *
     * @param namespace the socket's namespace: its processes are searched first, and others only if none of them has the socket
     * @param inode the socket's inode; nothing is found for 0, which means that no process has it open
     * @return the processes that were found
     */
    public static List<SocketHolder> of(NetworkNamespace namespace, long inode) {
        return of(namespace, Set.of(inode)).getOrDefault(inode, List.of());
    }

    /**
     * Searches for the processes that have any of several sockets open, all at once, see {@link #of(NetworkNamespace, long)}.
     *
     * @param namespace the sockets' namespace
     * @param inodes the sockets' inodes
     * @return the processes that were found, by inode; those of which none was found are left out
     */
    public static Map<Long, List<SocketHolder>> of(NetworkNamespace namespace, Set<Long> inodes) {
        String network = namespace.identity().toString();
        Map<Boolean, List<Path>> processes = list(PROC, "[0-9]*").stream()
                .collect(Collectors.partitioningBy(process -> isLinkTo(process.resolve("ns/net"), network)));
        Map<Long, List<SocketHolder>> found = new HashMap<>();
        for (boolean inside : new boolean[] {true, false}) {
            Map<String, Long> wanted = new HashMap<>();
            inodes.stream().filter(inode -> !found.containsKey(inode)).forEach(inode -> wanted.put("socket:[" + inode + "]", inode));
            if (!wanted.isEmpty()) {
                Objects.requireNonNull(processes.get(inside)).forEach(process -> search(process, wanted, found));
            }
        }
        return found;
    }

    private static void search(Path process, Map<String, Long> wanted, Map<Long, List<SocketHolder>> found) {
        Set<Long> open = new LinkedHashSet<>();
        for (Path descriptor : list(process.resolve("fd"), "*")) {
            Long inode = wanted.get(target(descriptor));
            if (inode != null) {
                open.add(inode);
            }
        }
        if (!open.isEmpty()) {
            SocketHolder holder = new SocketHolder(Long.parseLong(process.getFileName().toString()), program(process));
            open.forEach(inode -> found.computeIfAbsent(inode, key -> new ArrayList<>()).add(holder));
        }
    }

    private static boolean isLinkTo(Path link, String target) {
        return target(link).equals(target);
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return ""; // gone, or not accessible
        }
    }

    private static String program(Path process) {
        try {
            return Files.readString(process.resolve("comm")).strip();
        } catch (IOException e) {
            return "?";
        }
    }

    private static List<Path> list(Path directory, String glob) {
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory, glob)) {
            stream.forEach(entries::add);
        } catch (IOException | DirectoryIteratorException e) {
            // gone, or not accessible
        }
        return entries;
    }
}
