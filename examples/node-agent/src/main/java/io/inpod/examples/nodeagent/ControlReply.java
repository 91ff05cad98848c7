package io.inpod.examples.nodeagent;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.inpod.examples.nodeagent.pod.PodState;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The agent's answer: one JSON object in one packet.
 *
 * @param ok whether the command was carried out
 * @param error if it was not, why
 * @param pods the pods, for {@code list} and {@code verify}
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record ControlReply(boolean ok, @Nullable String error, @Nullable List<Pod> pods) {
    /**
     * A pod in a list.
     *
     * @param netns in the form of {@code readlink /proc/PID/ns/net}
     * @param state {@code served}, {@code closed} or {@code open}, see {@link PodState.Kind}
     * @param reason why it isn't served
     * @param difference for {@code verify}: how it differs from what should be there; null if it doesn't
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Pod(String uid, String name, String namespace, String serviceAccount, String netns, String state, @Nullable String reason,
            @Nullable String difference) {}

    static ControlReply done() {
        return new ControlReply(true, null, null);
    }

    static ControlReply failed(String error) {
        return new ControlReply(false, error, null);
    }

    static ControlReply of(List<EnrolledPod> pods) {
        return new ControlReply(true, null, pods.stream().map(pod -> of(pod, null)).toList());
    }

    /** Answers with how pods differ from what should be there; empty where they don't. */
    static ControlReply ofDifferences(Map<EnrolledPod, Optional<String>> differences) {
        return new ControlReply(true, null,
                differences.entrySet().stream().map(pod -> of(pod.getKey(), pod.getValue().orElse(null))).toList());
    }

    private static Pod of(EnrolledPod pod, @Nullable String difference) {
        return new Pod(pod.uid(), pod.info().name(), pod.info().namespace(), pod.info().serviceAccount(),
                pod.netns().identity().toString(), pod.state().word(), pod.state().reason(), difference);
    }
}
