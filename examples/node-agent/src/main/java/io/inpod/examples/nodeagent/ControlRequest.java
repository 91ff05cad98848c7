package io.inpod.examples.nodeagent;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.iptables.pod.PodOverrides;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A client's request to the agent: one JSON object in one packet.
 *
 * @param command {@code add}, {@code delete}, {@code list} or {@code verify}
 * @param uid the pod's uid, for add and delete
 * @param name the pod's name, for add
 * @param namespace the pod's namespace in the orchestrator, for add
 * @param serviceAccount the pod's service account, for add
 * @param netns an absolute path, in the agent's file system, that refers to the pod's network namespace
 * @param pid instead of {@code netns}: a process in the pod, in the agent's PID namespace
 * @param annotations the pod's annotations, for add; {@link PodOverrides} says which are used
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record ControlRequest(@Nullable String command, @Nullable String uid, @Nullable String name, @Nullable String namespace,
        @Nullable String serviceAccount, @Nullable String netns, @Nullable Long pid, @Nullable Map<String, @Nullable String> annotations) {
    /** Allows no character that has a meaning in an identity's URI, a path or a log line. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,252}");

    private static final Pattern UID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:/-]{0,252}");

    static ControlRequest list() {
        return new ControlRequest("list", null, null, null, null, null, null, null);
    }

    static ControlRequest verify() {
        return new ControlRequest("verify", null, null, null, null, null, null, null);
    }

    String checkedUid() throws AgentException {
        return check("uid", uid, UID);
    }

    WorkloadInfo info() throws AgentException {
        return new WorkloadInfo(check("name", name, NAME), check("namespace", namespace, NAME),
                check("serviceAccount", serviceAccount, NAME));
    }

    PodOverrides overrides() throws AgentException {
        Map<String, String> given = new HashMap<>();
        if (annotations != null) {
            for (Map.Entry<String, @Nullable String> annotation : annotations.entrySet()) {
                if (annotation.getValue() == null) {
                    throw new AgentException("annotation " + quote(annotation.getKey()) + " has no value");
                }
                given.put(annotation.getKey(), annotation.getValue());
            }
        }
        try {
            return PodOverrides.ofAnnotations(given);
        } catch (IllegalArgumentException e) {
            throw new AgentException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Returns the namespace's file; null if the request names none. */
    @Nullable
    Path namespacePath() throws AgentException {
        if (netns != null && pid != null) {
            throw new AgentException("netns and pid exclude each other");
        }
        if (pid != null) {
            if (pid < 1) {
                throw new AgentException("pid must be at least 1, not " + pid);
            }
            return Path.of("/proc", pid.toString(), "ns", "net");
        }
        if (netns != null && (!netns.startsWith("/") || netns.indexOf('\0') >= 0)) {
            throw new AgentException("netns must be an absolute path, not " + quote(netns));
        }
        return netns == null ? null : Path.of(netns);
    }

    private static String check(String key, @Nullable String value, Pattern pattern) throws AgentException {
        if (value == null) {
            throw new AgentException("\"" + key + "\" is missing");
        }
        if (!pattern.matcher(value).matches()) {
            throw new AgentException("\"" + key + "\" must match " + pattern + ", which " + quote(value) + " doesn't");
        }
        return value;
    }

    private static String quote(String value) {
        return "\"" + (value.length() > 80 ? value.substring(0, 80) + "..." : value).replaceAll("\\p{Cntrl}", "?") + "\"";
    }
}
