package io.inpod.examples.nodeagent.plugin;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The pod that a runtime names in CNI_ARGS.
 *
 * @param namespace its namespace in the orchestrator
 * @param name its name
 * @param uid its uid; empty if the runtime doesn't say it
 */
record PodName(String namespace, String name, String uid) {
    /** Names of Kubernetes, and nothing that has a meaning in a path or a log line. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,252}");

    private static final Pattern UID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:-]{0,252}");

    /**
     * Reads {@code KEY=VALUE;KEY=VALUE}, in any order; other keys are ignored.
     *
     * @param cniArgs the value of CNI_ARGS
     * @return empty if no orchestrator's pod is named
     * @throws RefusedException if the pod is named only in part, twice, or by what can't be a name
     */
    static Optional<PodName> ofArgs(String cniArgs) throws RefusedException {
        Map<String, String> found = new HashMap<>();
        for (String entry : cniArgs.split(";")) {
            int equals = entry.indexOf('=');
            String key = equals < 0 ? entry : entry.substring(0, equals);
            String value = equals < 0 ? "" : entry.substring(equals + 1);
            if (key.startsWith("K8S_POD_") && found.put(key, value) != null) {
                throw new RefusedException(RefusedException.ENVIRONMENT, "CNI_ARGS names " + key + " twice", "");
            }
        }
        if (!found.containsKey("K8S_POD_NAMESPACE") && !found.containsKey("K8S_POD_NAME")) {
            return Optional.empty();
        }
        String uid = found.getOrDefault("K8S_POD_UID", "");
        return Optional.of(new PodName(checked(found, "K8S_POD_NAMESPACE", NAME), checked(found, "K8S_POD_NAME", NAME),
                uid.isEmpty() ? uid : checked(found, "K8S_POD_UID", UID)));
    }

    private static String checked(Map<String, String> found, String key, Pattern pattern) throws RefusedException {
        String value = found.getOrDefault(key, "");
        if (!pattern.matcher(value).matches()) {
            throw new RefusedException(RefusedException.ENVIRONMENT, key + " in CNI_ARGS is missing or no name",
                    "it must match " + pattern);
        }
        return value;
    }

    @Override
    public String toString() {
        return namespace + "/" + name + (uid.isEmpty() ? "" : " (uid " + uid + ")");
    }
}
