package io.inpod.examples.nodeagent;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The agent's answer: one JSON object in one packet.
 *
 * @param ok whether the command was carried out
 * @param error if it was not, why
 * @param pods the pods, for {@code list}
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record ControlReply(boolean ok, @Nullable String error, @Nullable List<Pod> pods) {
    /**
     * A pod in a list.
     *
     * @param netns in the form of {@code readlink /proc/PID/ns/net}
     * @param state {@code served}, {@code closed} or {@code open}, see {@link PodState.Kind}
     * @param reason why it isn't served
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Pod(String uid, String name, String namespace, String serviceAccount, String netns, String state, @Nullable String reason) {}

    static ControlReply done() {
        return new ControlReply(true, null, null);
    }

    static ControlReply failed(String error) {
        return new ControlReply(false, error, null);
    }

    static ControlReply of(List<EnrolledPod> pods) {
        return new ControlReply(true, null, pods.stream()
                .map(pod -> new Pod(pod.uid(), pod.info().name(), pod.info().namespace(), pod.info().serviceAccount(),
                        pod.netns().identity().toString(), pod.state().word(), pod.state().reason()))
                .toList());
    }
}
