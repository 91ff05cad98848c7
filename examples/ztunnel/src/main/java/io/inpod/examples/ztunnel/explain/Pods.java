package io.inpod.examples.ztunnel.explain;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.util.Comparator;
import java.util.List;

/** Finds a workload as people name it. */
final class Pods {
    private static final int MOST_SHOWN = 5;

    private Pods() {}

    /**
     * Finds a workload.
     *
     * @param mesh the state of the mesh
     * @param text its key, {@code namespace/name}, a name that only one has, or one of its addresses
     * @return the workload
     * @throws IllegalArgumentException if none or several are meant
     */
    static Workload find(Mesh mesh, String text) {
        if (mesh.workload(text).isPresent()) {
            return mesh.workload(text).get();
        }
        List<Workload> found = mesh.workloads().stream()
                .filter(w -> w.name().equals(text) || (w.namespace() + "/" + w.name()).equals(text)
                        || w.addresses().stream().anyMatch(address -> address.getHostAddress().equals(text)))
                .sorted(Comparator.comparing(Workload::uid)).toList();
        if (found.isEmpty()) {
            throw new IllegalArgumentException("the mesh has no workload " + text + "; give its uid, namespace/name, or address");
        }
        if (found.size() > 1) {
            throw new IllegalArgumentException(found.size() + " workloads are meant by " + text + ": " + String.join(", ",
                    found.stream().limit(MOST_SHOWN).map(Workload::uid).toList()) + (found.size() > MOST_SHOWN ? ", ..." : ""));
        }
        return found.get(0);
    }
}
