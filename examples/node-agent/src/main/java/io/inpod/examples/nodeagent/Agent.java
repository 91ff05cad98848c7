package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.zds.ZdsPod;
import io.inpod.examples.zds.ZdsServer;
import io.inpod.iptables.pod.PodOverrides;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.NodeNamespaces;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Enrols pods: installs the redirection in a pod's namespace, checks it, and hands the namespace to the proxy. The redirection comes first:
 * connections that are redirected to a port without a listener are refused, while connections that aren't redirected yet would leave in
 * plaintext. For the same reason a pod whose enrolment fails keeps its redirection, unless {@link FailedEnrolment#OPEN} is chosen: it stays
 * in the list with the reason, and the agent retries with growing pauses.
 *
 * <p>Pods are kept in memory only. Redirection that an earlier agent installed fails closed, and adding the pod again takes it over.
 * Thread-safe; adds or deletes one pod at a time.
 */
final class Agent {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    private final ZdsServer proxies;
    private final FailedEnrolment policy;
    private final Duration proxyPatience;
    private final Delays delays;
    private final EnrolledPods pods = new EnrolledPods();
    private final InstalledRedirections installed;

    /**
     * Creates an agent without pods.
     *
     * @param redirections creates a pod's redirection; throws IllegalArgumentException if the pod's overrides are impossible
     * @param closing what is installed instead of a redirection that can't be installed
     * @param policy what becomes of a pod that can't be enrolled
     * @param proxyPatience how long to wait for a proxy
     * @param delays runs retries
     */
    Agent(ZdsServer proxies, Function<PodOverrides, NamespaceChange> redirections, NamespaceChange closing,
            FailedEnrolment policy, Duration proxyPatience, Delays delays) {
        this.proxies = proxies;
        this.policy = policy;
        this.proxyPatience = proxyPatience;
        this.delays = delays;
        installed = new InstalledRedirections(pods, redirections, closing, policy == FailedEnrolment.OPEN);
    }

    /**
     * Enrols a pod. If it is already enrolled with the same names, namespace and overrides, only checks it and hands it to the proxy again.
     *
     * @param uid its name in later commands and for the proxy
     * @param info its names
     * @param overrides the options that the pod overrides
     * @param path a file that refers to its network namespace
     * @throws AgentException naming the step that failed. If the command itself is impossible (no such namespace, not a pod's, a conflict
     *     with another pod, overrides that exclude each other), nothing is changed; otherwise the pod is closed and retried
     */
    synchronized void add(String uid, WorkloadInfo info, PodOverrides overrides, Path path) throws AgentException {
        Steps steps = new Steps("add pod " + uid);
        try (NetworkNamespace netns = steps.run("open its network namespace", () -> NetworkNamespace.open(path))) {
            steps.run("check that it is a pod's", () -> {
                NodeNamespaces.refuse(netns);
                pods.refuseConflict(uid, info, overrides, netns);
                return netns;
            });
            NamespaceChange redirection = installed.plan(steps, overrides);
            EnrolledPod pod = steps.run("keep its network namespace", () -> new EnrolledPod(uid, info, overrides, redirection,
                    netns.duplicate(), new PodState(PodState.Kind.CLOSED, "its enrolment has begun")));
            EnrolledPod enrolled;
            try {
                enrolled = enrol(pod, steps, proxyPatience);
            } catch (AgentException | RuntimeException e) {
                if (policy == FailedEnrolment.OPEN) {
                    pod.netns().close();
                    throw e;
                }
                throw new AgentException(
                        e.getMessage() + "; " + keepClosed(pods.replace(pod), e, Delays.FIRST) + ", and its enrolment is retried", e);
            }
            pods.replace(enrolled.with(PodState.SERVED));
            LOG.info("pod {} ({}/{}) enrolled: {}", uid, info.namespace(), info.name(), netns);
        }
    }

    /** Returns the pod with its redirection, which depends on the proxy. */
    private EnrolledPod enrol(EnrolledPod pod, Steps steps, Duration patience) throws AgentException {
        NetworkNamespace netns = pod.netns();
        installed.install(pod, steps);
        ZdsPod handed = new ZdsPod(pod.uid(), pod.info(), netns);
        if (policy == FailedEnrolment.CLOSED) {
            steps.run("have it served by proxies that connect later", () -> {
                proxies.keep(handed);
                return netns;
            });
        }
        steps.run("find a proxy", () -> {
            proxies.awaitProxy(patience);
            return netns;
        });
        NamespaceChange redirection = installed.install(pod, steps);
        steps.run("hand it to the proxy", () -> {
            proxies.add(handed);
            return netns;
        });
        return pod.with(redirection);
    }

    /**
     * Replaces the rules of all pods that differ from what they should be now, for example because a proxy with another cgroup comes. A pod
     * whose rules can't be replaced isn't served by that proxy: it is closed and retried.
     */
    void updateRules() {
        pods.forEach(pod -> {
            try {
                installed.replace(pod);
            } catch (IOException | RuntimeException e) {
                answered(pod.uid(), "its rules can't be replaced: " + e.getMessage());
            }
        });
    }

    /** Makes sure that a pod is closed, notes why it isn't served, and retries later. Returns its state in words. */
    private String keepClosed(EnrolledPod pod, Exception cause, Duration pause) {
        PodState state = new PodState(PodState.Kind.CLOSED, cause.getMessage() == null ? cause.toString() : cause.getMessage());
        String words = "the pod stays closed";
        try {
            installed.close(pod);
        } catch (IOException | RuntimeException e) {
            words = "THE POD IS OPEN, because it can't be closed: " + e.getMessage();
            state = new PodState(PodState.Kind.OPEN, state.reason() + "; it can't be closed: " + e.getMessage());
        }
        pods.note(pod, state);
        PodState noted = state;
        delays.later(pause, () -> retry(pod, noted, Delays.next(pause)));
        return words;
    }

    @SuppressWarnings("ReferenceEquality") // a state that was noted later, even if it is equal, has a retry of its own
    private synchronized void retry(EnrolledPod pod, PodState noted, Duration pause) {
        EnrolledPod current = pods.get(pod.uid());
        if (current == null || !pods.has(pod) || current.state() != noted) {
            return; // deleted, added again, or served meanwhile
        }
        try {
            pods.note(enrol(pod, new Steps("add pod " + pod.uid()), Duration.ZERO), PodState.SERVED);
        } catch (AgentException | RuntimeException e) {
            keepClosed(pod, e, pause);
        }
    }

    /**
     * Notes what a proxy has answered when it connected. Doesn't block.
     *
     * @param uid the pod
     * @param refusal why the proxy doesn't serve it; null if it does
     */
    void answered(String uid, @Nullable String refusal) {
        delays.later(Duration.ZERO, () -> noteAnswer(uid, refusal));
    }

    private synchronized void noteAnswer(String uid, @Nullable String refusal) {
        EnrolledPod pod = pods.get(uid);
        if (pod == null || pod.state().served() == (refusal == null)) {
            return;
        }
        if (refusal == null) {
            // otherwise only what keeps it closed may be installed: the retry that is due does the rest
            installed.ifInstalled(pod, () -> pods.note(pod, PodState.SERVED));
        } else {
            keepClosed(pod, new AgentException(refusal), Delays.FIRST);
        }
    }

    /**
     * Removes a pod from the mesh: first the proxy stops serving it, then rules and routing are removed. If the namespace no longer exists,
     * neither do they.
     *
     * @param uid the pod
     * @param path a file that refers to its namespace; only needed for a pod that an earlier agent enrolled
     * @throws AgentException naming the step that failed; the command may be repeated
     */
    synchronized void delete(String uid, @Nullable Path path) throws AgentException {
        Steps steps = new Steps("delete pod " + uid);
        EnrolledPod pod = pods.get(uid);
        if (pod == null && path == null) {
            throw new AgentException("pod " + uid
                    + " is unknown; to remove the redirection that an earlier agent installed, name the pod's network namespace too");
        }
        try (NetworkNamespace netns = pod != null ? steps.run("keep its network namespace", pod.netns()::duplicate) : open(steps, path)) {
            if (pod != null && path != null) {
                steps.run("compare its network namespace", () -> {
                    refuseOther(pod, path);
                    return pod;
                });
            }
            steps.run("have the proxy stop serving it", () -> proxies.delete(uid));
            if (netns != null) {
                // removes it whatever the overrides were
                NamespaceChange redirection = pod != null ? pod.redirection() : installed.plan(steps, PodOverrides.NONE);
                steps.run("remove routing and rules", () -> {
                    installed.remove(uid, redirection, netns);
                    return netns;
                });
            }
        }
        if (pod != null) {
            pods.remove(uid);
            pod.netns().close();
        }
        LOG.info("pod {} deleted", uid);
    }

    private static void refuseOther(EnrolledPod pod, Path path) throws IOException {
        try (NetworkNamespace named = NetworkNamespace.open(path)) {
            if (!named.equals(pod.netns())) {
                throw new AgentException(named + " isn't that of pod " + pod.uid() + ", " + pod.netns());
            }
        }
    }

    /** Returns null if the file no longer exists. */
    private @Nullable NetworkNamespace open(Steps steps, @Nullable Path path) throws AgentException {
        if (path == null || !java.nio.file.Files.exists(path)) {
            return null;
        }
        NetworkNamespace netns = steps.run("open its network namespace", () -> NetworkNamespace.open(path));
        try {
            steps.run("check that it is a pod's", () -> {
                NodeNamespaces.refuse(netns);
                pods.refuseEnrolled(netns);
                return netns;
            });
            return netns;
        } catch (AgentException e) {
            netns.close();
            throw e;
        }
    }

    /** {@return how each pod differs from what should be in its namespace now; empty where it doesn't} */
    Map<EnrolledPod, Optional<String>> differences() {
        Map<EnrolledPod, Optional<String>> differences = new LinkedHashMap<>();
        list().forEach(pod -> differences.put(pod, installed.difference(pod)));
        return differences;
    }

    /** {@return the pods that are enrolled, by uid; none is served as long as no proxy is connected} */
    List<EnrolledPod> list() {
        List<EnrolledPod> all = pods.list();
        return proxies.proxies() > 0 ? all : all.stream().map(pod -> pod.state().served() ? pod.with(PodState.UNCONNECTED) : pod).toList();
    }
}
