package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.iptables.pod.PodOverrides;
import io.inpod.netlink.NetlinkSockets;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Installs, replaces and removes the redirections of pods, one at a time in each namespace. Never waits for a proxy. Thread-safe. */
final class InstalledRedirections {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");
    private static final int LOCKS = 64;

    private final Redirections redirections;
    private final boolean undone;
    /** Two namespaces may share one. */
    private final List<Object> locks = IntStream.range(0, LOCKS).mapToObj(i -> new Object()).toList();

    /**
     * Changes nothing yet.
     *
     * @param redirections what is installed
     * @param undone whether a redirection is removed again if a later step of its pod's enrolment fails
     */
    InstalledRedirections(Redirections redirections, boolean undone) {
        this.redirections = redirections;
        this.undone = undone;
    }

    private Object lock(NetworkNamespace netns) {
        return locks.get(Math.floorMod(netns.identity().hashCode(), LOCKS));
    }

    /** Returns the redirection of a pod with overrides, or fails if they are impossible. */
    NamespaceChange plan(Steps steps, PodOverrides overrides) throws AgentException {
        return steps.run("plan its redirection", () -> {
            try {
                return redirections.change().apply(overrides);
            } catch (IllegalArgumentException e) {
                throw new AgentException(String.valueOf(e.getMessage()), e);
            }
        });
    }

    /** Returns what is installed if the redirection can't be. */
    NamespaceChange closing() {
        return redirections.closing();
    }

    /** Installs and checks the redirection of the pod in a slot unless it is there. What it is depends on the connected proxies. */
    void install(Slot slot, Steps steps) throws AgentException {
        EnrolledPod pod = slot.enrolled();
        NetworkNamespace netns = pod.netns();
        synchronized (lock(netns)) {
            NetlinkSockets.holding(netns, () -> installIfMissing(slot, pod, steps));
        }
    }

    private void installIfMissing(Slot slot, EnrolledPod pod, Steps steps) throws AgentException {
        NetworkNamespace netns = pod.netns();
        NamespaceChange redirection = redirections.change().apply(pod.overrides());
        slot.enrolled(pod.with(redirection));
        if (redirection.isInstalled(netns)) {
            return;
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
    }

    /** Installs what a pod should have now if it differs from what the pod has. Does nothing if the pod isn't enrolled. */
    void replace(Slot slot) throws IOException {
        EnrolledPod found = slot.enrolledOrNull();
        if (found == null) {
            return;
        }
        synchronized (lock(found.netns())) {
            EnrolledPod pod = slot.enrolledOrNull();
            if (pod == null || !pod.netns().equals(found.netns())) {
                return;
            }
            NamespaceChange redirection = redirections.change().apply(pod.overrides());
            if (!redirection.isInstalled(pod.netns())) {
                redirection.install(pod.netns());
                slot.enrolled(pod.with(redirection));
                LOG.info("pod {}: rules replaced", pod.uid());
            }
        }
    }

    /** Makes sure that a pod's connections don't leave in plaintext: its redirection does that, or what is installed instead. */
    void close(EnrolledPod pod) throws IOException {
        synchronized (lock(pod.netns())) {
            if (!pod.redirection().isInstalled(pod.netns()) && !redirections.closing().isInstalled(pod.netns())) {
                redirections.closing().install(pod.netns());
                LOG.info("pod {}: rules installed that keep it closed", pod.uid());
            }
        }
    }

    /** Removes the redirection from the namespace of a pod, which is then no longer enrolled, so that nothing installs it again. */
    void remove(Slot slot) throws IOException {
        EnrolledPod pod = slot.enrolled();
        synchronized (lock(pod.netns())) {
            NetlinkSockets.holding(pod.netns(), () -> pod.redirection().remove(pod.netns()));
            slot.enrolled(null);
        }
    }

    /** Removes the redirection of a pod that isn't enrolled, whatever its overrides were. */
    void remove(NetworkNamespace netns) throws IOException {
        synchronized (lock(netns)) {
            NetlinkSockets.holding(netns, () -> redirections.change().apply(PodOverrides.NONE).remove(netns));
        }
    }

    /** Returns in words how a pod differs from what it should have now. */
    Optional<String> difference(EnrolledPod pod) {
        synchronized (lock(pod.netns())) {
            return difference(redirections.change().apply(pod.overrides()), pod.netns());
        }
    }

    private static Optional<String> difference(NamespaceChange change, NetworkNamespace netns) {
        try {
            NetlinkSockets.holding(netns, () -> change.verify(netns));
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }
}
