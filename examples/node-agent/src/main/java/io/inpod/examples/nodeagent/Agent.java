package io.inpod.examples.nodeagent;

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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
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
    private final Function<PodOverrides, NamespaceChange> redirections;
    private final NamespaceChange closing;
    private final FailedEnrolment policy;
    private final Duration proxyPatience;
    private final Delays delays;
    private final Map<String, EnrolledPod> pods = new ConcurrentSkipListMap<>();
    /** Held while rules are changed, never while waiting for a proxy. */
    private final Object changing = new Object();

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
        this.redirections = redirections;
        this.closing = closing;
        this.policy = policy;
        this.proxyPatience = proxyPatience;
        this.delays = delays;
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
                refuseConflict(uid, info, overrides, netns);
                return netns;
            });
            NamespaceChange redirection = redirection(steps, overrides);
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
                        e.getMessage() + "; " + keepClosed(replace(pod), e, Delays.FIRST) + ", and its enrolment is retried", e);
            }
            replace(enrolled.with(PodState.SERVED));
            LOG.info("pod {} ({}/{}) enrolled: {}", uid, info.namespace(), info.name(), netns);
        }
    }

    private EnrolledPod replace(EnrolledPod pod) {
        EnrolledPod before = pods.put(pod.uid(), pod);
        if (before != null && !isSame(before, pod)) {
            before.netns().close();
        }
        return pod;
    }

    /** Each command has a descriptor of its own. */
    @SuppressWarnings("ReferenceEquality")
    private static boolean isSame(@Nullable EnrolledPod a, EnrolledPod b) {
        return a != null && a.netns() == b.netns();
    }

    /** Returns the pod with its redirection, which depends on the proxy. */
    private EnrolledPod enrol(EnrolledPod pod, Steps steps, Duration patience) throws AgentException {
        NetworkNamespace netns = pod.netns();
        redirect(pod, steps);
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
        NamespaceChange redirection = redirect(pod, steps);
        steps.run("hand it to the proxy", () -> {
            proxies.add(handed);
            return netns;
        });
        return pod.with(redirection);
    }

    private NamespaceChange redirect(EnrolledPod pod, Steps steps) throws AgentException {
        NetworkNamespace netns = pod.netns();
        synchronized (changing) {
            NamespaceChange redirection = redirections.apply(pod.overrides());
            if (isInstalled(redirection, netns)) {
                return redirection;
            }
            boolean undo = policy == FailedEnrolment.OPEN && !PodRedirection.isRouted(netns); // if redirected otherwise, it stays so
            steps.run("install routing and rules", () -> {
                redirection.install(netns);
                return netns;
            });
            if (undo) {
                steps.undoBy("routing and rules", () -> redirection.remove(netns));
            }
            LOG.info("pod {}: routing and rules installed", pod.uid());
            steps.run("check routing and rules", () -> {
                redirection.verify(netns);
                return netns;
            });
            return redirection;
        }
    }

    /**
     * Replaces the rules of all pods that differ from what they should be now, for example because a proxy with another cgroup comes. A pod
     * whose rules can't be replaced isn't served by that proxy: it is closed and retried.
     */
    void updateRules() {
        for (EnrolledPod pod : pods.values()) {
            synchronized (changing) {
                if (!isSame(pods.get(pod.uid()), pod)) {
                    continue; // deleted, or added again
                }
                try {
                    NamespaceChange redirection = redirections.apply(pod.overrides());
                    if (!isInstalled(redirection, pod.netns())) {
                        redirection.install(pod.netns());
                        pods.computeIfPresent(pod.uid(), (uid, now) -> now.with(redirection));
                        LOG.info("pod {}: rules replaced", pod.uid());
                    }
                } catch (IOException | RuntimeException e) {
                    answered(pod.uid(), "its rules can't be replaced: " + e.getMessage());
                }
            }
        }
    }

    /** Makes sure that a pod is closed, notes why it isn't served, and retries later. Returns its state in words. */
    private String keepClosed(EnrolledPod pod, Exception cause, Duration pause) {
        PodState state = new PodState(PodState.Kind.CLOSED, cause.getMessage() == null ? cause.toString() : cause.getMessage());
        String words = "the pod stays closed";
        try {
            synchronized (changing) {
                List<NamespaceChange> closed = List.of(redirections.apply(pod.overrides()), pod.redirection(), closing);
                if (closed.stream().noneMatch(rules -> isInstalled(rules, pod.netns()))) {
                    closing.install(pod.netns());
                    LOG.info("pod {}: rules installed that keep it closed", pod.uid());
                }
            }
        } catch (IOException | RuntimeException e) {
            words = "THE POD IS OPEN, because it can't be closed: " + e.getMessage();
            state = new PodState(PodState.Kind.OPEN, state.reason() + "; it can't be closed: " + e.getMessage());
        }
        note(pod, state);
        PodState noted = state;
        delays.later(pause, () -> retry(pod, noted, Delays.next(pause)));
        return words;
    }

    private void note(EnrolledPod pod, PodState state) {
        EnrolledPod before = pods.get(pod.uid());
        pods.put(pod.uid(), pod.with(state));
        if (before != null && before.state().equals(state)) {
            return; // logged already
        }
        if (state.served()) {
            LOG.info("pod {} is served now", pod.uid());
        } else if (state.kind() == PodState.Kind.CLOSED) {
            LOG.warn("pod {} isn't served, so its connections are refused; retrying: {}", pod.uid(), state.reason());
        } else {
            LOG.error("pod {} IS OPEN: its connections leave in plaintext; retrying: {}", pod.uid(), state.reason());
        }
    }

    @SuppressWarnings("ReferenceEquality") // a state that was noted later, even if it is equal, has a retry of its own
    private synchronized void retry(EnrolledPod pod, PodState noted, Duration pause) {
        EnrolledPod current = pods.get(pod.uid());
        if (current == null || !isSame(current, pod) || current.state() != noted) {
            return; // deleted, added again, or served meanwhile
        }
        try {
            note(enrol(pod, new Steps("add pod " + pod.uid()), Duration.ZERO), PodState.SERVED);
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
            synchronized (changing) { // otherwise only the rules that close the pod may be installed: the retry that is due does the rest
                if (isInstalled(redirections.apply(pod.overrides()), pod.netns())) {
                    note(pod, PodState.SERVED);
                }
            }
        } else {
            keepClosed(pod, new AgentException(refusal), Delays.FIRST);
        }
    }

    private static boolean isInstalled(NamespaceChange change, NetworkNamespace netns) {
        try {
            change.verify(netns);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private NamespaceChange redirection(Steps steps, PodOverrides overrides) throws AgentException {
        return steps.run("plan its redirection", () -> {
            try {
                return redirections.apply(overrides);
            } catch (IllegalArgumentException e) {
                throw new AgentException(String.valueOf(e.getMessage()), e);
            }
        });
    }

    private void refuseConflict(String uid, WorkloadInfo info, PodOverrides overrides, NetworkNamespace netns) throws AgentException {
        for (EnrolledPod other : pods.values()) {
            if (other.uid().equals(uid) && !other.netns().equals(netns)) {
                throw new AgentException("pod " + uid + " is enrolled with another namespace, " + other.netns() + "; delete it first");
            }
            if (other.uid().equals(uid) && !other.info().equals(info)) {
                throw new AgentException("pod " + uid + " is enrolled with other names, " + other.info() + "; delete it first");
            }
            // a failure could not be undone to the earlier redirection
            if (other.uid().equals(uid) && !other.overrides().equals(overrides)) {
                throw new AgentException("pod " + uid + " is enrolled with other annotations; delete it first");
            }
            if (!other.uid().equals(uid) && other.netns().equals(netns)) {
                throw new AgentException(netns + " is already that of pod " + other.uid());
            }
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
                NamespaceChange redirection = pod != null ? pod.redirection() : redirection(steps, PodOverrides.NONE);
                steps.run("remove routing and rules", () -> {
                    synchronized (changing) {
                        redirection.remove(netns);
                        pods.remove(uid); // so that nothing installs them again
                    }
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
                for (EnrolledPod other : pods.values()) {
                    if (other.netns().equals(netns)) {
                        throw new AgentException(netns + " is that of pod " + other.uid());
                    }
                }
                return netns;
            });
            return netns;
        } catch (AgentException e) {
            netns.close();
            throw e;
        }
    }

    /** {@return the pods that are enrolled, by uid} */
    List<EnrolledPod> list() {
        return new ArrayList<>(pods.values());
    }
}
