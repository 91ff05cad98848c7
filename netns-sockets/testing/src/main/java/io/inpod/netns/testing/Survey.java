package io.inpod.netns.testing;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** Lists everything of this process that may be left behind. */
final class Survey {
    private static final Path NAMES = Path.of("/run/netns");

    /** Sockets, event queues, pipes, memfds, and namespaces of every kind; but no files, which the JVM opens at any time. */
    private static final Pattern OF_INTEREST = Pattern.compile("[a-z_]+:|/memfd:");

    private Survey() {}

    static Set<Leak> descriptors(String home) throws IOException {
        Set<Leak> found = new TreeSet<>();
        for (Path fd : list(Path.of("/proc/self/fd"))) {
            String target = target(fd);
            if (OF_INTEREST.matcher(target).lookingAt() && !target.equals(home)) {
                LeakKind kind = target.startsWith("socket:") ? LeakKind.SOCKET : LeakKind.DESCRIPTOR;
                found.add(new Leak(kind, "fd " + fd.getFileName() + " -> " + target));
            }
        }
        return found;
    }

    static Set<Leak> foreignThreads(String home) throws IOException {
        Set<Leak> found = new TreeSet<>();
        for (Path task : list(Path.of("/proc/self/task"))) {
            String namespace = target(task.resolve("ns/net"));
            if (!namespace.isEmpty() && !namespace.equals(home)) {
                found.add(new Leak(LeakKind.THREAD, "thread " + task.getFileName() + " (\"" + name(task) + "\") in " + namespace));
            }
        }
        return found;
    }

    /** Lists the children of this process, and theirs, in some network namespaces. */
    static Set<Leak> processes(Predicate<String> namespaces) {
        Set<Leak> found = new TreeSet<>();
        ProcessHandle.current().descendants().forEach(process -> {
            String namespace = target(Path.of("/proc", Long.toString(process.pid()), "ns/net"));
            if (!namespace.isEmpty() && namespaces.test(namespace)) {
                found.add(new Leak(LeakKind.PROCESS,
                        "process " + process.pid() + " (" + process.info().command().orElse("?") + ") in " + namespace));
            }
        });
        return found;
    }

    /**
     * See proc_pid_mountinfo(5): the fourth field is the root, which is net:[4026532008] or similar for a namespace, the fifth the mount
     * point.
     */
    static Set<Leak> mountedNamespaces() throws IOException {
        Set<Leak> found = new TreeSet<>();
        for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
            String[] fields = line.split(" ");
            if (fields.length > 4 && fields[3].startsWith("net:[")) {
                found.add(new Leak(LeakKind.NAME, "mount " + fields[4]));
            }
        }
        if (Files.isDirectory(NAMES)) {
            list(NAMES).forEach(name -> found.add(new Leak(LeakKind.NAME, "name " + name)));
        }
        return found;
    }

    private static List<Path> list(Path directory) throws IOException {
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
            stream.forEach(entries::add);
        }
        return entries;
    }

    /** The thread's name, of which the kernel keeps only the first 15 bytes. */
    private static String name(Path task) {
        try {
            return Files.readString(task.resolve("comm")).strip();
        } catch (IOException e) {
            return "";
        }
    }

    /** Empty if the link is gone meanwhile. */
    static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return "";
        }
    }
}
