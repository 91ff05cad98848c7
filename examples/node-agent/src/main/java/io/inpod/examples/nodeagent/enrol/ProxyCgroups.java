package io.inpod.examples.nodeagent.enrol;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cgroups of the connected proxies, to which the pods' rules restrict the proxy's mark: a container with CAP_NET_RAW can set any mark.
 * During an upgrade there are two. Where a proxy's cgroup can't be used, every process may use the mark, and the reason is logged.
 * Thread-safe.
 */
public final class ProxyCgroups {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");
    private static final String VERSION_2 = "0::/";

    /** Tries rules with these cgroups on this kernel. */
    @FunctionalInterface
    public interface Trial {
        /**
         * Tries it.
         *
         * @param paths the cgroups
         * @throws IOException if it is impossible, with the reason
         */
        void run(List<String> paths) throws IOException;
    }

    private final Path proc;
    private final Predicate<String> exists;
    private final Trial trial;
    private final Path memory;
    private volatile List<String> paths = List.of();
    private String logged = "";

    /**
     * Creates a value with the cgroups that an earlier agent has found, so that the rules stay as they are until a proxy connects.
     *
     * @param proc where the process file system is mounted
     * @param exists whether a cgroup exists
     * @param trial fails if the kernel can't restrict a mark to cgroups
     * @param memory the file in which they are kept; it may be missing
     */
    public ProxyCgroups(Path proc, Predicate<String> exists, Trial trial, Path memory) {
        this.proc = proc;
        this.exists = exists;
        this.trial = trial;
        this.memory = memory;
        try {
            paths = Files.readAllLines(memory);
        } catch (IOException e) {
            LOG.debug("{} isn't known: {}", memory, e.getMessage());
        }
    }

    /**
     * Returns the paths for the rules; empty if every process may use the mark. The cgroup of a proxy that has ended may be gone, and the
     * kernel refuses rules with a cgroup that doesn't exist.
     *
     * @return the paths
     */
    public List<String> paths() {
        return paths.stream().filter(exists).toList();
    }

    /**
     * Sets the connected proxies.
     *
     * @param pids their process ids
     */
    public synchronized void connected(Collection<Integer> pids) {
        List<String> found = List.of();
        String text;
        try {
            found = find(pids);
            if (!found.equals(paths)) {
                trial.run(found);
            }
            text = "only the cgroup " + String.join(" and ", found) + " may use the proxy's mark";
        } catch (IOException e) {
            found = List.of();
            text = "every process with CAP_NET_RAW or CAP_NET_ADMIN may use the proxy's mark: " + e.getMessage();
        }
        if (!found.equals(paths)) {
            remember(found);
        }
        paths = found;
        if (!text.equals(logged)) {
            logged = text;
            if (found.isEmpty()) {
                LOG.warn("{}", text);
            } else {
                LOG.info("{}", text);
            }
        }
    }

    private void remember(List<String> found) {
        try {
            Files.write(memory, found);
        } catch (IOException e) {
            LOG.warn("can't write {}: {}; after a restart, the rules of all pods will be replaced twice", memory, e.getMessage());
        }
    }

    private List<String> find(Collection<Integer> pids) throws IOException {
        TreeSet<String> found = new TreeSet<>();
        NoSuchFileException gone = null;
        for (int pid : pids) {
            try {
                String path = path(pid);
                if (exists.test(path)) {
                    found.add(path);
                }
            } catch (NoSuchFileException e) {
                gone = e; // a proxy that has just ended
            }
        }
        if (found.isEmpty()) {
            throw new IOException("the cgroup of no proxy is visible here", gone);
        }
        return List.copyOf(found);
    }

    private String path(int pid) throws IOException {
        if (pid == 0) {
            throw new IOException("the proxy's process isn't visible here; run the agent in the node's PID namespace");
        }
        String path = version2(pid);
        if (path == null) {
            throw new IOException("this system has no cgroups of version 2");
        }
        if (path.isEmpty()) {
            throw new IOException("the proxy is in the root cgroup, as pods may be too; start it in a cgroup of its own");
        }
        if (path.startsWith("..")) {
            throw new IOException(
                    "the proxy's cgroup " + path + " is outside this process's cgroup namespace; run the agent in the node's");
        }
        return path;
    }

    private @Nullable String version2(int pid) throws IOException {
        for (String line : Files.readAllLines(proc.resolve(pid + "/cgroup"))) {
            if (line.startsWith(VERSION_2)) {
                return line.substring(VERSION_2.length());
            }
        }
        return null;
    }
}
