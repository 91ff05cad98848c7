package io.inpod.examples.nodeagent.control;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.inpod.examples.nodeagent.files.PodFile;
import io.inpod.iptables.pod.PodOverrides;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A client's request to the agent: one JSON object in one packet.
 *
 * @param command {@code add}, {@code delete}, {@code list}, {@code verify} or {@code inspect}
 * @param uid the pod's uid, for add, delete and inspect
 * @param name the pod's name, for add, and for inspect without uid
 * @param namespace the pod's namespace in the orchestrator, for add and inspect
 * @param serviceAccount the pod's service account, for add
 * @param netns an absolute path, in the agent's file system, that refers to the pod's network namespace
 * @param pid instead of {@code netns}: a process in the pod, in the agent's PID namespace
 * @param annotations the pod's annotations, for add; {@link PodOverrides} says which are used
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ControlRequest(@Nullable String command, @Nullable String uid, @Nullable String name, @Nullable String namespace,
        @Nullable String serviceAccount, @Nullable String netns, @Nullable Long pid, @Nullable Map<String, @Nullable String> annotations) {
    /** {@return a request for the list} */
    public static ControlRequest list() {
        return new ControlRequest("list", null, null, null, null, null, null, null);
    }

    /** {@return a request for the differences} */
    public static ControlRequest verify() {
        return new ControlRequest("verify", null, null, null, null, null, null, null);
    }

    /**
     * Asks about one pod.
     *
     * @param uid its uid; null if its names are given
     * @param namespace its namespace in the orchestrator
     * @param name its name
     * @return the request
     */
    public static ControlRequest inspect(@Nullable String uid, @Nullable String namespace, @Nullable String name) {
        return new ControlRequest("inspect", uid, name, namespace, null, null, null, null);
    }

    PodFile pod() {
        return new PodFile(uid, name, namespace, serviceAccount, netns, pid, null, annotations);
    }
}
