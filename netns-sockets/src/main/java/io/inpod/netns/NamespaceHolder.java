package io.inpod.netns;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Something that keeps a network namespace alive: the answer to "why doesn't it go away?" See {@link #of}.
 *
 * @param kind the kind of holder
 * @param pid the process that it belongs to, as this process sees it
 * @param id the thread id, or the number of the descriptor; 0 for a mount
 * @param name the thread's name, {@code socket:[inode]}, or the path of the file
 */
public record NamespaceHolder(Kind kind, long pid, long id, String name) {
    private static final Path PROC = Path.of("/proc");

    /** The kinds of things that keep a namespace alive. */
    public enum Kind {
        /** A thread that is in it. */
        THREAD,
        /** A socket that was created in it, of this process only: those of other processes can't be inspected. */
        SOCKET,
        /** An open file that refers to it. */
        DESCRIPTOR,
        /** A file that refers to it, such as {@code /run/netns/NAME}, in this process's mount namespace. */
        MOUNT
    }

    /**
     * Searches {@code /proc} for everything that keeps a namespace alive: in this process and in all others that it sees and may inspect
     * (ptrace(2), "Ptrace access mode checking"). It reads one or two files for each descriptor on the machine, and is meant for diagnosis
     * and tests. Holders that come or go meanwhile may be missed.
     *
     * @param namespace the namespace; the descriptor of this value is among the results
     * @return the holders that were found, by process
     * @throws IOException if {@code /proc} can't be read or the value is closed
     */
    public static List<NamespaceHolder> of(NetworkNamespace namespace) throws IOException {
        List<Long> processes = new ArrayList<>();
        for (Path process : list(PROC)) {
            if (number(process) > 0) {
                processes.add(number(process));
            }
        }
        return of(namespace, processes);
    }

    /**
     * Searches this process only, which takes a fraction of the time that {@link #of} does.
     *
     * @param namespace the namespace; the descriptor of this value is among the results
     * @return the holders that were found, and the mounts in this process's mount namespace
     * @throws IOException if {@code /proc} can't be read or the value is closed
     */
    public static List<NamespaceHolder> ofThisProcess(NetworkNamespace namespace) throws IOException {
        return of(namespace, List.of(ProcessHandle.current().pid()));
    }

    private static List<NamespaceHolder> of(NetworkNamespace namespace, List<Long> processes) throws IOException {
        namespace.acquire();
        try {
            List<NamespaceHolder> found = new ArrayList<>();
            long self = ProcessHandle.current().pid();
            for (long pid : processes) {
                threads(namespace, pid, found);
                descriptors(namespace, pid, pid == self, found);
            }
            mounts(namespace, self, found);
            return List.copyOf(found);
        } finally {
            namespace.fd().release();
        }
    }

    private static void threads(NetworkNamespace namespace, long pid, List<NamespaceHolder> found) {
        for (Path task : list(PROC.resolve(pid + "/task"))) {
            if (isOf(namespace, task.resolve("ns/net"))) {
                found.add(new NamespaceHolder(Kind.THREAD, pid, number(task), read(task.resolve("comm")).strip()));
            }
        }
    }

    private static void descriptors(NetworkNamespace namespace, long pid, boolean own, List<NamespaceHolder> found) {
        for (Path fd : list(PROC.resolve(pid + "/fd"))) {
            String target = target(fd);
            if (own && target.startsWith("socket:") && namespace.identity().equals(Relations.ofSocket((int) number(fd)))) {
                found.add(new NamespaceHolder(Kind.SOCKET, pid, number(fd), target));
            } else
                if (!target.isEmpty() && !target.startsWith("socket:") && !target.startsWith("pipe:") && !target.startsWith("anon_inode:")
                        && isOf(namespace, fd)) {
                            found.add(new NamespaceHolder(Kind.DESCRIPTOR, pid, number(fd), target));
                        }
        }
    }

    /**
     * See proc_pid_mountinfo(5): the fourth field is the root, which is net:[4026532008] or similar for a namespace, the fifth the mount
     * point.
     */
    private static void mounts(NetworkNamespace namespace, long self, List<NamespaceHolder> found) {
        for (String line : read(PROC.resolve("self/mountinfo")).split("\n")) {
            String[] fields = line.split(" ");
            NamespaceHolder mount = fields.length > 4 && fields[3].equals(namespace.identity().toString())
                    ? new NamespaceHolder(Kind.MOUNT, self, 0, fields[4]) : null;
            if (mount != null && !found.contains(mount)) {
                found.add(mount);
            }
        }
    }

    private static boolean isOf(NetworkNamespace namespace, Path file) {
        try {
            return namespace.identity().equals(NamespaceFile.identity(file.toString()));
        } catch (IOException e) {
            return false; // gone, or not accessible
        }
    }

    private static long number(Path file) {
        String name = file.getFileName().toString();
        return name.chars().allMatch(Character::isDigit) ? Long.parseLong(name) : 0;
    }

    private static List<Path> list(Path directory) {
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
            stream.forEach(entries::add);
        } catch (IOException | java.nio.file.DirectoryIteratorException e) {
            // gone, or not accessible
        }
        return entries;
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return "";
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }
}
