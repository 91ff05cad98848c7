package io.inpod.examples.nodeagent;

import io.inpod.iptables.pod.PodOverrides;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Installs, replaces and removes the redirections of pods, one at a time. Never waits for a proxy meanwhile. Thread-safe. */
final class InstalledRedirections {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    private final EnrolledPods pods;
    private final Function<PodOverrides, NamespaceChange> redirections;
    private final NamespaceChange closing;
    private final boolean undone;

    /**
     * Changes nothing yet.
     *
     * @param pods the pods in which redirections are replaced
     * @param redirections creates a pod's redirection; throws IllegalArgumentException if the pod's overrides are impossible
     * @param closing what is installed instead of a redirection that can't be installed
     * @param undone whether a redirection is removed again if a later step of its pod's enrolment fails
     */
    InstalledRedirections(EnrolledPods pods, Function<PodOverrides, NamespaceChange> redirections, NamespaceChange closing,
            boolean undone) {
        this.pods = pods;
        this.redirections = redirections;
        this.closing = closing;
        this.undone = undone;
    }

    /** Returns the redirection of a pod with overrides, or fails if they are impossible. */
    NamespaceChange plan(Steps steps, PodOverrides overrides) throws AgentException {
        return steps.run("plan its redirection", () -> {
            try {
                return redirections.apply(overrides);
            } catch (IllegalArgumentException e) {
                throw new AgentException(String.valueOf(e.getMessage()), e);
            }
        });
    }

    /** Installs and checks a pod's redirection unless it is there. Returns it; it depends on the proxy. */
    synchronized NamespaceChange install(EnrolledPod pod, Steps steps) throws AgentException {
        NetworkNamespace netns = pod.netns();
        NamespaceChange redirection = redirections.apply(pod.overrides());
        if (isInstalled(redirection, netns)) {
            return redirection;
        }
        boolean undo = undone && !PodRedirection.isRouted(netns); // if redirected otherwise, it stays so
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

    /** Installs what a pod should have now if it differs from what the pod has. Does nothing if the pod is no longer enrolled. */
    synchronized void replace(EnrolledPod pod) throws IOException {
        if (!pods.has(pod)) {
            return;
        }
        NamespaceChange redirection = redirections.apply(pod.overrides());
        if (!isInstalled(redirection, pod.netns())) {
            redirection.install(pod.netns());
            pods.replaced(pod.uid(), redirection);
            LOG.info("pod {}: rules replaced", pod.uid());
        }
    }

    /** Makes sure that a pod's connections don't leave in plaintext: its redirection does that, or what is installed instead. */
    synchronized void close(EnrolledPod pod) throws IOException {
        List<NamespaceChange> closed = List.of(redirections.apply(pod.overrides()), pod.redirection(), closing);
        if (closed.stream().noneMatch(rules -> isInstalled(rules, pod.netns()))) {
            closing.install(pod.netns());
            LOG.info("pod {}: rules installed that keep it closed", pod.uid());
        }
    }

    /** Runs an action if a pod has its redirection, and not only what is installed instead. */
    synchronized void ifInstalled(EnrolledPod pod, Runnable action) {
        if (isInstalled(redirections.apply(pod.overrides()), pod.netns())) {
            action.run();
        }
    }

    /** Removes a redirection from a namespace, and the pod from those that are enrolled, so that nothing installs it again. */
    synchronized void remove(String uid, NamespaceChange redirection, NetworkNamespace netns) throws IOException {
        redirection.remove(netns);
        pods.remove(uid);
    }

    /** Returns in words how a pod differs from what it should have now. */
    synchronized Optional<String> difference(EnrolledPod pod) {
        return difference(redirections.apply(pod.overrides()), pod.netns());
    }

    private static boolean isInstalled(NamespaceChange change, NetworkNamespace netns) {
        return difference(change, netns).isEmpty();
    }

    private static Optional<String> difference(NamespaceChange change, NetworkNamespace netns) {
        try {
            change.verify(netns);
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }
}
