package io.inpod.examples.nodeagent.doctor;

import io.inpod.examples.nodeagent.control.ControlReply;
import io.inpod.examples.nodeagent.control.Inspected;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whether a ztunnel runs, and serves the pod.
 *
 * @param details what the agent says; null if it doesn't answer, or doesn't know the pod
 */
record ProxyCheck(Inspected.@Nullable Details details) {
    private static final String START = "start it: ./inpod ztunnel, with the agent's socket in INPOD_UDS; its log says why it ended";

    /** Adds what was found, and returns the ztunnels' processes. */
    Set<Long> look(NetworkNamespace netns, Findings findings) throws IOException {
        if (details == null) {
            return unasked(netns, findings);
        }
        Set<Long> visible = details.proxies().stream().filter(pid -> pid > 0).map(Integer::longValue).collect(Collectors.toSet());
        if (details.proxies().isEmpty()) {
            findings.fail(Topic.PROXY, "no ztunnel is connected to the agent", START);
        } else if (!Readiness.missing(visible).isEmpty()) {
            findings.fail(Topic.PROXY, words(visible) + " is connected to the agent, but says: " + Readiness.missing(visible),
                    "wait until it has started, or remove that cause; its log says more");
        } else {
            findings.ok(Topic.PROXY,
                    (visible.isEmpty() ? "a process that isn't visible here" : words(visible)) + " is connected to the agent");
        }
        ControlReply.Pod pod = details.pod();
        if (pod != null && !findings.skipAfter(Topic.SERVED, Topic.PROXY)) {
            if (pod.state().equals("served") && pod.reason() == null) {
                findings.ok(Topic.SERVED, "a ztunnel has acknowledged the pod");
            } else if (pod.state().equals("served")) {
                findings.warn(Topic.SERVED, "served, but: " + pod.reason(), "see ./inpod agent list, and the agent's log");
            } else {
                findings.fail(Topic.SERVED, pod.state() + ": " + pod.reason(),
                        "remove that cause; the agent tries again by itself, at least "
                                + "every 30 seconds");
            }
        }
        return visible;
    }

    /** Without an agent, a ztunnel is a process that listens on its port here without living here. */
    private static Set<Long> unasked(NetworkNamespace netns, Findings findings) throws IOException {
        Set<Long> found = new HashSet<>();
        List<Listener> tunnels = Listener.all(netns).stream().filter(listener -> listener.port() == InPodConstants.HBONE_PORT).toList();
        for (Listener listener : tunnels) {
            listener.holders().stream().filter(holder -> !livesIn(netns, holder.pid())).forEach(holder -> found.add(holder.pid()));
        }
        if (found.isEmpty()) {
            findings.fail(Topic.PROXY, tunnels.isEmpty() ? "no process listens on port " + InPodConstants.HBONE_PORT + " of the pod"
                    : "no process outside the pod listens on port " + InPodConstants.HBONE_PORT + " there, as a ztunnel does", START);
        } else {
            findings.ok(Topic.PROXY, words(found) + " listens on port " + InPodConstants.HBONE_PORT + " of the pod, from outside");
        }
        return found;
    }

    private static boolean livesIn(NetworkNamespace netns, long pid) {
        try (NetworkNamespace own = NetworkNamespace.ofProcess(pid)) {
            return own.equals(netns);
        } catch (IOException e) {
            return false; // it has ended, or may not be inspected
        }
    }

    private static String words(Set<Long> pids) {
        return pids.stream().sorted().map(pid -> program(pid) + " (pid " + pid + ")").collect(Collectors.joining(" and "));
    }

    private static String program(long pid) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), "comm")).strip();
        } catch (IOException e) {
            return "a process that has ended";
        }
    }
}
