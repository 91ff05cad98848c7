package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.policy.Policies;
import java.util.Optional;
import java.util.function.Supplier;

/** A pod on this node as the mesh describes it now. Thread-safe. */
final class OwnWorkload {
    private final Supplier<Mesh> meshes;
    private final String node;
    private final WorkloadInfo info;
    private volatile Known known;

    /** What one mesh says; empty if it doesn't have the pod. */
    record Known(Mesh mesh, Optional<Workload> workload, Optional<TelemetryHeaders> telemetry, Policies policies) {}

    OwnWorkload(Supplier<Mesh> meshes, String node, WorkloadInfo info) {
        this.meshes = meshes;
        this.node = node;
        this.info = info;
        this.known = look(meshes.get(), new Known(Mesh.EMPTY, Optional.empty(), Optional.empty(), Policies.unknown(PodContext.UNKNOWN)));
    }

    Mesh mesh() {
        return meshes.get();
    }

    Optional<Workload> workload() {
        return known().workload();
    }

    /** Returns the uid that Istio's control plane gives the pod. */
    String uid(String clusterId) {
        return clusterId + "//Pod/" + info.namespace() + "/" + info.name();
    }

    /** The headers that describe it to peers; once the mesh has had the pod, never empty: a request may be under way when it leaves. */
    Optional<TelemetryHeaders> telemetry() {
        return known().telemetry();
    }

    /** The policies that concern it: the same object for as long as they stay the same. */
    Policies policies() {
        return known().policies();
    }

    /** One state of the mesh, and what it says of the pod. */
    Known known() {
        Mesh mesh = meshes.get();
        Known last = known;
        return last.mesh() == mesh ? last : lookAgain();
    }

    /** One after the other, so that a look at an earlier mesh never replaces one at a later. */
    private synchronized Known lookAgain() {
        Mesh mesh = meshes.get();
        Known last = known;
        if (last.mesh() != mesh) {
            last = look(mesh, last);
            known = last;
        }
        return last;
    }

    private Known look(Mesh mesh, Known last) {
        Optional<Workload> workload = mesh.local(node, info.name(), info.namespace(), info.serviceAccount());
        boolean isSame = workload.equals(last.workload);
        if (isSame && mesh.sharesPolicies(last.mesh)) {
            return new Known(mesh, workload, last.telemetry, last.policies); // as after nearly every change: it's about others
        }
        Optional<TelemetryHeaders> telemetry = isSame ? last.telemetry : workload.map(TelemetryHeaders::of).or(() -> last.telemetry);
        Policies policies = workload.map(own -> last.policies.in(mesh, own))
                .orElseGet(() -> last.policies.isUnknown() ? last.policies : Policies.unknown(PodContext.UNKNOWN));
        return new Known(mesh, workload, telemetry, policies);
    }
}
