package io.inpod.examples.nodeagent.find;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads from {@code /proc/PID/cgroup}, see cgroups(7), to which pod a process belongs. The kubelet creates a cgroup for each pod, with the
 * pod's uid in its name, and the runtime creates those of the containers inside it:
 *
 * <pre>
 * /kubepods/burstable/podUID/CONTAINER                                                          cgroupfs driver
 * /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podUID.slice/crio-CONTAINER.scope systemd driver
 * /system.slice/containerd.service/kubepods-burstable-podUID.slice:cri-containerd:CONTAINER     the drivers don't agree
 * </pre>
 *
 * <p>systemd's names have {@code _} where the uid has {@code -}. A pod may create cgroups with any names inside its own, but not outside:
 * the outermost name counts.
 */
final class PodCgroup {
    private static final Pattern NAME = Pattern.compile("(?:.*?-)??pod(.+?)(?:\\.slice)?(?::.*)?");

    /** A UUID, or the hash that is the uid of a static pod. */
    private static final Pattern UID = Pattern.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}");

    /** The wanted uids as they are, by their form with hyphens. */
    private final Map<String, String> wanted = new HashMap<>();

    /** Looks for pods with these uids; each may be any text. */
    PodCgroup(Collection<String> uids) {
        Set<String> twice = new HashSet<>();
        for (String uid : uids) {
            String before = wanted.put(hyphens(uid), uid);
            if (before != null && !before.equals(uid)) {
                twice.add(hyphens(uid)); // systemd's names don't tell them apart
            }
        }
        wanted.keySet().removeAll(twice);
    }

    /**
     * Returns the pod of a process.
     *
     * @param cgroups the content of {@code /proc/PID/cgroup}: a line for each hierarchy of version 1, and one for version 2
     * @return the uid of a wanted pod, or of another one; empty if the process is in no pod, or its hierarchies name different pods
     */
    Optional<String> uid(String cgroups) {
        Set<String> uids = new HashSet<>();
        for (String line : cgroups.split("\n")) { // hierarchy:controllers:path
            outermost(line.substring(line.indexOf(':', line.indexOf(':') + 1) + 1)).ifPresent(uids::add);
        }
        return uids.size() == 1 ? Optional.of(uids.iterator().next()) : Optional.empty();
    }

    private Optional<String> outermost(String path) {
        for (String name : path.split("/")) {
            Matcher matcher = NAME.matcher(name);
            if (matcher.matches()) {
                String uid = hyphens(matcher.group(1));
                if (wanted.containsKey(uid)) {
                    return Optional.of(wanted.get(uid));
                } else if (UID.matcher(uid).matches()) {
                    return Optional.of(uid);
                }
            }
        }
        return Optional.empty();
    }

    private static String hyphens(String uid) {
        return uid.replace('_', '-');
    }
}
