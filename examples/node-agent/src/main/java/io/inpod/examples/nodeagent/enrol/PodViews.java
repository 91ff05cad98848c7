package io.inpod.examples.nodeagent.enrol;

import io.inpod.examples.nodeagent.pod.PodState;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** What is shown of the pods. Thread-safe. */
record PodViews(Map<String, Slot> slots, Parts parts) {
    /** {@return the pods in whose namespaces rules are installed} */
    List<EnrolledPod> enrolled() {
        return slots.values().stream().filter(slot -> slot.state().kind() != PodState.Kind.OPEN).map(Slot::enrolledOrNull)
                .filter(Objects::nonNull).map(Objects::requireNonNull).toList();
    }

    /** {@return all pods that should be in the mesh or are still leaving it, by uid} */
    List<PodStatus> list() {
        boolean connected = parts.proxies().proxies() > 0;
        return slots.values().stream().filter(slot -> slot.wanted() != null).map(slot -> status(slot, connected)).toList();
    }

    /**
     * Returns what has become of a pod.
     *
     * @param uid the pod
     * @return empty for a pod that should not be in the mesh, as far as known
     */
    Optional<PodState> state(String uid) {
        Slot slot = slots.get(uid);
        return slot == null || slot.wanted() == null ? Optional.empty() : Optional.of(status(slot, parts.proxies().proxies() > 0).state());
    }

    private PodStatus status(Slot slot, boolean connected) {
        EnrolledPod enrolled = slot.enrolledOrNull();
        PodState state = slot.state();
        if (state.served() && !connected) {
            state = state.reason() == null ? PodState.UNCONNECTED
                    : new PodState(PodState.Kind.CLOSED, PodState.UNCONNECTED.reason() + "; " + state.reason());
        } else if (state.served() && !parts.proxies().isServed(slot.uid())) {
            state = new PodState(PodState.Kind.CLOSED, "no connected ztunnel has acknowledged it yet");
        }
        return new PodStatus(slot.uid(), Objects.requireNonNull(slot.wanted()).info(),
                enrolled == null ? null : enrolled.netns().identity(),
                state);
    }

    /** {@return how each pod differs from what should be in its namespace now; empty where it doesn't} */
    Map<PodStatus, Optional<String>> differences() {
        Map<PodStatus, Optional<String>> differences = new LinkedHashMap<>();
        for (PodStatus pod : list()) {
            Slot slot = slots.get(pod.uid());
            EnrolledPod enrolled = slot == null ? null : slot.enrolledOrNull();
            differences.put(pod,
                    enrolled == null ? Optional.of("its network namespace isn't known") : parts.installed().difference(enrolled));
        }
        return differences;
    }
}
