package io.inpod.examples.ztunnel.dashboard;

import io.inpod.examples.ztunnel.mesh.Workload;
import org.jspecify.annotations.Nullable;

/** A node of the picture: the pods of one deployment or the like, or all that isn't in the mesh. */
record Party(String namespace, String name) implements Comparable<Party> {
    /** Nobody in the mesh. */
    static final Party OUTSIDE = new Party("", "");

    static Party of(@Nullable Workload workload) {
        if (workload == null) {
            return OUTSIDE;
        }
        String group = workload.telemetry().workloadName();
        return new Party(workload.namespace(), group.isEmpty() ? name(workload) : group);
    }

    /** Returns the name of a pod, or of what else it is. */
    static String name(Workload workload) {
        return workload.name().isEmpty() ? workload.uid() : workload.name();
    }

    @Override
    public int compareTo(Party other) {
        int order = namespace.compareTo(other.namespace);
        return order == 0 ? name.compareTo(other.name) : order;
    }
}
