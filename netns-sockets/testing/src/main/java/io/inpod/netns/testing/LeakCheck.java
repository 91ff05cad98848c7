package io.inpod.netns.testing;

import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * Finds what a piece of work left behind: sockets, event queues and namespace descriptors, and threads in a foreign network
 * namespace. What ends in the background (an event loop that was told to shut down) is given ten seconds.
 */
public final class LeakCheck {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final String home;
    private final Set<String> before;

    private LeakCheck(String home, Set<String> before) {
        this.home = home;
        this.before = before;
    }

    /**
     * Remembers what is open now.
     *
     * @return the state, to compare with later
     * @throws IOException if {@code /proc} can't be read
     */
    public static LeakCheck begin() throws IOException {
        try (NetworkNamespace own = NetworkNamespace.current()) {
            String home = own.identity().toString();
            return new LeakCheck(home, descriptors(home));
        }
    }

    /**
     * Compares with what is open now.
     *
     * @throws AssertionError naming what is new
     * @throws IOException if {@code /proc} can't be read
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public void verify() throws IOException, InterruptedException {
        verify(LIMIT);
    }

    /**
     * Compares with what is open now.
     *
     * @param limit how long to wait for what ends in the background
     * @throws AssertionError naming what is new
     * @throws IOException if {@code /proc} can't be read
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public void verify(Duration limit) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        for (; ; ) {
            List<String> left = new ArrayList<>(foreignThreads());
            Set<String> now = descriptors(home);
            now.removeAll(before);
            left.addAll(now);
            if (left.isEmpty()) {
                return;
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError("left behind: " + left);
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private static Set<String> descriptors(String home) throws IOException {
        Set<String> found = new TreeSet<>();
        for (Path fd : list("/proc/self/fd")) {
            String target = target(fd);
            boolean ofInterest = target.startsWith("socket:") || target.startsWith("anon_inode:") || target.startsWith("net:");
            if (ofInterest && !target.equals(home)) {
                found.add("fd " + fd.getFileName() + " -> " + target);
            }
        }
        return found;
    }

    private Set<String> foreignThreads() throws IOException {
        Set<String> found = new HashSet<>();
        for (Path task : list("/proc/self/task")) {
            String namespace = target(task.resolve("ns/net"));
            if (!namespace.isEmpty() && !namespace.equals(home)) {
                found.add("thread " + task.getFileName() + " in " + namespace);
            }
        }
        return found;
    }

    private static List<Path> list(String directory) throws IOException {
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(Path.of(directory))) {
            stream.forEach(entries::add);
        }
        return entries;
    }

    /** Empty for what has gone meanwhile. */
    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return "";
        }
    }
}
