package io.inpod.netns;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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
        String network = namespace.identity().toString();
        List<Path> all = list(PROC, "[0-9]*");
        List<SocketHolder> inside = of(all.stream().filter(process -> isLinkTo(process.resolve("ns/net"), network)).toList(), inode);
        return inside.isEmpty() ? of(all, inode) : inside;
    }

    private static List<SocketHolder> of(List<Path> processes, long inode) {
        String wanted = "socket:[" + inode + "]";
        return processes.stream().filter(process -> list(process.resolve("fd"), "*").stream().anyMatch(fd -> isLinkTo(fd, wanted)))
                .map(process -> new SocketHolder(Long.parseLong(process.getFileName().toString()), program(process))).toList();
    }

    private static boolean isLinkTo(Path link, String target) {
        try {
            return Files.readSymbolicLink(link).toString().equals(target);
        } catch (IOException e) {
            return false; // gone, or not accessible
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
