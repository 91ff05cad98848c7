package io.inpod.examples.nodeagent.control;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.inpod.examples.nodeagent.enrol.PodStatus;
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
 * @param problems what of the desired pods can't be read, for {@code list}; null if nothing is wrong
 * @param details what is known of one pod, for {@code inspect}; the packet carries its network namespace as a descriptor
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ControlReply(boolean ok, @Nullable String error, @Nullable List<Pod> pods, @Nullable List<String> problems,
        Inspected.@Nullable Details details) {
    /**
     * A pod in a list.
     *
     * @param uid its uid
     * @param name its name
     * @param namespace its namespace in the orchestrator
     * @param serviceAccount its service account
     * @param netns in the form of {@code readlink /proc/PID/ns/net}; {@code -} if it isn't known
     * @param state {@code served}, {@code closed}, {@code open} or {@code waiting}, see {@link PodState.Kind}
     * @param reason why it isn't served
     * @param difference for {@code verify}: how it differs from what should be there; null if it doesn't
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Pod(String uid, String name, String namespace, String serviceAccount, String netns, String state, @Nullable String reason,
            @Nullable String difference) {}

    static ControlReply done() {
        return new ControlReply(true, null, null, null, null);
    }

    static ControlReply failed(String error) {
        return new ControlReply(false, error, null, null, null);
    }

    static ControlReply of(List<PodStatus> pods, List<String> problems) {
        return new ControlReply(true, null, pods.stream().map(pod -> of(pod, null)).toList(), problems.isEmpty() ? null : problems,
                null);
    }

    /** Answers with how pods differ from what should be there; empty where they don't. */
    static ControlReply ofDifferences(Map<PodStatus, Optional<String>> differences) {
        return new ControlReply(true, null,
                differences.entrySet().stream().map(pod -> of(pod.getKey(), pod.getValue().orElse(null))).toList(), null, null);
    }

    static ControlReply of(Inspected.Details details) {
        return new ControlReply(true, null, null, null, details);
    }

    /**
     * Shows a pod.
     *
     * @param pod the pod
     * @return the pod as lists show it
     */
    public static Pod of(PodStatus pod) {
        return of(pod, null);
    }

    private static Pod of(PodStatus pod, @Nullable String difference) {
        return new Pod(pod.uid(), pod.info().name(), pod.info().namespace(), pod.info().serviceAccount(),
                pod.netns() == null ? "-" : pod.netns().toString(), pod.state().word(), pod.state().reason(), difference);
    }
}
