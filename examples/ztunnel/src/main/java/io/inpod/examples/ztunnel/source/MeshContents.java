package io.inpod.examples.ztunnel.source;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.util.Map;

/**
 * All entries of a mesh, by their keys, before they are put into one.
 *
 * @param workloads by uid
 * @param services by namespace and hostname
 * @param policies by full name
 */
record MeshContents(Map<String, Workload> workloads, Map<ServiceName, Service> services, Map<String, Policy> policies) {
    /**
     * Returns a mesh that has these entries and no others. What hasn't changed stays the same object.
     *
     * @param before the state that counts until now
     * @return the state that should count from now on; {@code before} itself if nothing has changed
     */
    Mesh mesh(Mesh before) {
        MeshChange change = before.change();
        boolean changed = false;
        for (Workload old : before.workloads()) {
            if (!workloads.containsKey(old.uid())) {
                change.removeWorkload(old.uid());
                changed = true;
            }
        }
        for (Service old : before.services()) {
            if (!services.containsKey(old.hostname())) {
                change.removeService(old.hostname());
                changed = true;
            }
        }
        for (Policy old : before.policies()) {
            if (!policies.containsKey(old.fullName())) {
                change.removePolicy(old.fullName());
                changed = true;
            }
        }
        for (Workload next : workloads.values()) {
            if (!next.equals(before.workload(next.uid()).orElse(null))) {
                change.put(next);
                changed = true;
            }
        }
        for (Service next : services.values()) {
            if (!next.equals(before.service(next.hostname()).orElse(null))) {
                change.put(next);
                changed = true;
            }
        }
        for (Policy next : policies.values()) {
            if (!next.equals(before.policy(next.fullName()).orElse(null))) {
                change.put(next);
                changed = true;
            }
        }
        return changed ? change.build() : before;
    }
}
