package io.inpod.netns.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The processes that tests start in the pods of one network. Each is in a mount namespace of its own, with the network's
 * {@code /etc/hosts}, and in a UTS namespace with the pod's name as its host name.
 *
 * <p>Thread-safe.
 */
final class PodProcesses {
    private static final String MARK = "INPOD_POD";
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final String SCRIPT = """
            mount --bind "$1" /etc/hosts
            hostname "$2"
            shift 2
            exec "$@"
            """;

    private final List<ChildProcess> started = new ArrayList<>();
    private Map<String, List<InetAddress>> names = Map.of();
    private @Nullable Path hosts;
    private boolean closed;

    /** Called once, before anything is started. */
    synchronized void setNames(Map<String, List<InetAddress>> addresses) {
        names = addresses;
    }

    synchronized ChildProcess start(Pod pod, ProcessBuilder builder) throws IOException {
        if (closed) {
            throw new IOException("can't start " + builder.command().get(0) + " in " + pod.name() + ": its network is closed");
        }
        if (!builder.command().get(0).contains("/")) {
            Tool.require(builder.command().get(0));
        }
        Path file = hosts == null ? HostsFile.write(names) : hosts;
        hosts = file;
        List<String> line = new ArrayList<>(Tool.inside(pod.namespace(), "unshare", "--mount", "--uts", "--", "sh", "-euc", SCRIPT, "sh",
                file.toString(), pod.name()));
        line.addAll(builder.command());
        ProcessBuilder inside = new ProcessBuilder(line).directory(builder.directory()).redirectErrorStream(true);
        inside.environment().clear();
        inside.environment().putAll(builder.environment());
        inside.environment().put(MARK, pod.name());
        ChildProcess process = ChildProcess.start(inside, pod.name() + ": " + String.join(" ", builder.command()));
        started.add(process);
        return process;
    }

    /** Returns the end of what each process has printed; empty if none was started. */
    synchronized String report() throws IOException {
        StringBuilder text = new StringBuilder();
        for (ChildProcess each : started) {
            text.append(each.report());
        }
        return text.toString();
    }

    /**
     * Kills the processes and those that they have started, and waits for their ends.
     *
     * @param namespaces the pods' namespaces, as {@code net:[1]}
     */
    synchronized void end(Set<String> namespaces) throws IOException {
        closed = true;
        started.forEach(each -> each.handle().destroyForcibly());
        for (ChildProcess each : started) {
            each.close();
        }
        if (!started.isEmpty()) {
            endMarked(namespaces);
        }
        if (hosts != null) {
            Files.deleteIfExists(hosts);
        }
    }

    /** Ends what the processes have started, even as a daemon. */
    private static void endMarked(Set<String> namespaces) throws IOException {
        long deadline = System.nanoTime() + LIMIT_NANOS;
        Set<Long> killed = new HashSet<>(); // a process that ends loses its environment first, and its namespace later
        for (;;) {
            Set<ProcessHandle> left = ProcessHandle.allProcesses().filter(process -> isIn(process.pid(), namespaces))
                    .filter(process -> killed.contains(process.pid()) || isMarked(process.pid())).collect(Collectors.toSet());
            if (left.isEmpty()) {
                return;
            }
            if (System.nanoTime() - deadline > 0) {
                throw new IOException("these processes in pods don't end: " + left);
            }
            left.forEach(ProcessHandle::destroyForcibly);
            left.forEach(process -> killed.add(process.pid()));
            Thread.onSpinWait();
        }
    }

    private static boolean isIn(long pid, Set<String> namespaces) {
        return namespaces.contains(Survey.target(Path.of("/proc", Long.toString(pid), "ns/net")));
    }

    private static boolean isMarked(long pid) {
        try {
            String environment = Files.readString(Path.of("/proc", Long.toString(pid), "environ"), StandardCharsets.ISO_8859_1);
            return ("\0" + environment).contains("\0" + MARK + "=");
        } catch (IOException e) {
            return false; // it has ended, or belongs to somebody else
        }
    }
}
