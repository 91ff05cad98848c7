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
 * Enrols pods: installs the redirection in a pod's namespace, checks it, and hands the namespace to the proxy, or undoes all of it. The
 * redirection comes first: connections that are redirected to a port without a listener are refused, while connections that aren't
 * redirected yet would leave in plaintext.
 *
 * <p>Pods are kept in memory only. Redirection that an earlier agent installed fails closed, and adding the pod again takes it over.
 * Thread-safe; adds or deletes one pod at a time.
 */
final class Agent {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    private final ZdsServer proxies;
    private final Function<PodOverrides, NamespaceChange> redirections;
    private final Duration proxyPatience;
    private final Map<String, EnrolledPod> pods = new ConcurrentSkipListMap<>();

    /** The function creates a pod's redirection; it throws IllegalArgumentException if the pod's overrides are impossible. */
    Agent(ZdsServer proxies, Function<PodOverrides, NamespaceChange> redirections, Duration proxyPatience) {
        this.proxies = proxies;
        this.redirections = redirections;
        this.proxyPatience = proxyPatience;
    }

    /**
     * Enrols a pod. If it is already enrolled with the same names, namespace and overrides, only checks it and hands it to the proxy again.
     *
     * @param uid its name in later commands and for the proxy
     * @param info its names
     * @param overrides the options that the pod overrides
     * @param path a file that refers to its network namespace
     * @throws AgentException naming the step that failed
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
            steps.run("find a proxy", () -> {
                proxies.awaitProxy(proxyPatience);
                return netns;
            });
            EnrolledPod pod =
                    steps.run("keep its network namespace", () -> new EnrolledPod(uid, info, overrides, redirection, netns.duplicate()));
            try {
                enrol(pod, steps);
            } catch (AgentException | RuntimeException e) {
                pod.netns().close();
                throw e;
            }
            EnrolledPod before = pods.put(uid, pod);
            if (before != null) {
                before.netns().close();
            }
            LOG.info("pod {} ({}/{}) enrolled: {}", uid, info.namespace(), info.name(), netns);
        }
    }

    private void enrol(EnrolledPod pod, Steps steps) throws AgentException {
        NetworkNamespace netns = pod.netns();
        NamespaceChange redirection = pod.redirection();
        if (!isRedirected(pod)) {
            boolean older = PodRedirection.isRouted(netns); // with other options: undoing everything would leave the pod open
            steps.run("install routing and rules", () -> {
                redirection.install(netns);
                return netns;
            });
            if (!older) {
                steps.undoBy("routing and rules", () -> redirection.remove(netns));
            }
            LOG.info("pod {}: routing and rules installed", pod.uid());
        }
        steps.run("check routing and rules", () -> {
            redirection.verify(netns);
            return netns;
        });
        steps.run("hand it to the proxy", () -> {
            proxies.add(new ZdsPod(pod.uid(), pod.info(), netns));
            return netns;
        });
    }

    /** Redirection that this agent or an earlier one had installed isn't undone if adding fails: the pod would fall back to plaintext. */
    private static boolean isRedirected(EnrolledPod pod) {
        try {
            pod.redirection().verify(pod.netns());
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
                    redirection.remove(netns);
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
