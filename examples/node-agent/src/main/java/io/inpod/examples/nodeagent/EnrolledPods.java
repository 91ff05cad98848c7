package io.inpod.examples.nodeagent;

import io.inpod.examples.nodeagent.pod.PodState;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.iptables.pod.PodOverrides;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The pods that are enrolled, with their states. Owns their namespaces. Thread-safe. */
final class EnrolledPods {
    private static final Logger LOG = LoggerFactory.getLogger("nodeagent");

    private final Map<String, EnrolledPod> pods = new ConcurrentSkipListMap<>();

    @Nullable
    EnrolledPod get(String uid) {
        return pods.get(uid);
    }

    /** {@return all, by uid} */
    List<EnrolledPod> list() {
        return List.copyOf(pods.values());
    }

    /** Visits all, those that come meanwhile perhaps too. */
    void forEach(Consumer<EnrolledPod> visitor) {
        pods.values().forEach(visitor);
    }

    /** Returns whether a pod is still the one of its uid: it has neither been deleted nor added again. */
    boolean has(EnrolledPod pod) {
        return isSame(pods.get(pod.uid()), pod);
    }

    /** Each command has a descriptor of its own. */
    @SuppressWarnings("ReferenceEquality")
    private static boolean isSame(@Nullable EnrolledPod a, EnrolledPod b) {
        return a != null && a.netns() == b.netns();
    }

    /** Enters a pod in place of the one that had its uid, and returns it. */
    EnrolledPod replace(EnrolledPod pod) {
        EnrolledPod before = pods.put(pod.uid(), pod);
        if (before != null && !isSame(before, pod)) {
            before.netns().close();
        }
        return pod;
    }

    /** Enters what has been installed in a pod since. */
    void replaced(String uid, NamespaceChange redirection) {
        pods.computeIfPresent(uid, (key, now) -> now.with(redirection));
    }

    /** Enters a pod with a state, and logs the state if it is another than before. */
    void note(EnrolledPod pod, PodState state) {
        EnrolledPod before = pods.put(pod.uid(), pod.with(state));
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

    /** Removes a pod, but leaves its namespace open. */
    void remove(String uid) {
        pods.remove(uid);
    }

    /** Refuses a pod that differs from the one of its uid, and a namespace that is another pod's. */
    void refuseConflict(String uid, WorkloadInfo info, PodOverrides overrides, NetworkNamespace netns) throws AgentException {
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

    /** Refuses the namespace of a pod. */
    void refuseEnrolled(NetworkNamespace netns) throws AgentException {
        for (EnrolledPod other : pods.values()) {
            if (other.netns().equals(netns)) {
                throw new AgentException(netns + " is that of pod " + other.uid());
            }
        }
    }
}
