package io.inpod.examples.nodeagent.files;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.inpod.examples.nodeagent.pod.AgentException;
import io.inpod.examples.nodeagent.pod.MeshPod;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.iptables.pod.PodOverrides;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A pod as a file describes it: one JSON object. Only {@code uid} and {@code name} are required.
 *
 * @param uid the pod's uid
 * @param name the pod's name
 * @param namespace the pod's namespace in the orchestrator; {@code default} if it is missing
 * @param serviceAccount the pod's service account; {@code default} if it is missing
 * @param netns an absolute path, in the agent's file system, that refers to the pod's network namespace
 * @param pid instead of {@code netns}: a process in the pod, in the agent's PID namespace
 * @param identity the identity of the process's network namespace, such as {@code net:[4026532281]}, so that a process id that is used
 *     again is noticed
 * @param annotations the pod's annotations; {@link PodOverrides} says which are used
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record PodFile(@Nullable String uid, @Nullable String name, @Nullable String namespace, @Nullable String serviceAccount,
        @Nullable String netns, @Nullable Long pid, @Nullable String identity, @Nullable Map<String, @Nullable String> annotations) {
    /** Allows no character that has a meaning in an identity's URI, a path or a log line. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,252}");

    private static final Pattern UID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:/-]{0,252}");
    private static final Pattern IDENTITY = Pattern.compile("net:\\[[0-9]{1,20}]");
    private static final String DEFAULT = "default";

    /**
     * Returns the uid.
     *
     * @return the uid
     * @throws AgentException if it is missing or malformed
     */
    public String checkedUid() throws AgentException {
        return check("uid", uid, UID);
    }

    /**
     * Returns the names.
     *
     * @return the names
     * @throws AgentException if one is missing or malformed
     */
    public WorkloadInfo info() throws AgentException {
        return new WorkloadInfo(check("name", name, NAME), check("namespace", namespace == null ? DEFAULT : namespace, NAME),
                check("serviceAccount", serviceAccount == null ? DEFAULT : serviceAccount, NAME));
    }

    /**
     * Returns the options that the annotations override.
     *
     * @return the options
     * @throws AgentException if an annotation can't be read
     */
    public PodOverrides overrides() throws AgentException {
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

    /**
     * Returns the namespace's file.
     *
     * @return the file; null if none is named, so that the namespace must be searched for
     * @throws AgentException if it can't be one
     */
    public @Nullable Path namespacePath() throws AgentException {
        if (netns != null && pid != null) {
            throw new AgentException("netns and pid exclude each other");
        }
        if (identity != null && (pid == null || !IDENTITY.matcher(identity).matches())) {
            throw new AgentException("identity belongs to a pid, and looks like net:[4026532281], not " + quote(identity));
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

    /**
     * Returns the pod that this file describes.
     *
     * @return the pod
     * @throws AgentException naming the key that is wrong
     */
    public MeshPod pod() throws AgentException {
        Path path = namespacePath();
        return new MeshPod(checkedUid(), info(), overrides(), Set.of(), path, identity, null);
    }

    /** Returns the pod, or one with a fault if only the annotations can't be read: it must be kept closed. */
    MeshPod podOrFault() throws AgentException {
        Path path = namespacePath();
        String pod = checkedUid();
        WorkloadInfo names = info();
        try {
            return new MeshPod(pod, names, overrides(), Set.of(), path, identity, null);
        } catch (AgentException e) {
            return new MeshPod(pod, names, PodOverrides.NONE, Set.of(), path, identity, e.getMessage());
        }
    }

    /**
     * Returns the same pod with the identity of its process's namespace.
     *
     * @param found the identity
     * @return a copy
     */
    public PodFile withIdentity(String found) {
        return new PodFile(uid, name, namespace, serviceAccount, netns, pid, found, annotations);
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

    /** Returns a text of somebody else's that is harmless in a line: short, and without control characters. */
    static String quote(String value) {
        return "\"" + (value.length() > 80 ? value.substring(0, 80) + "..." : value).replaceAll("\\p{Cntrl}", "?") + "\"";
    }
}
