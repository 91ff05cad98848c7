package io.inpod.examples.ztunnel.traffic;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.hbone.identity.SpiffeId;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What connections have in common that are counted together. Compared by the very objects of the mesh, which is quick: a mesh that changes
 * keeps those that stay as they are.
 *
 * @param inbound whether a pod on this node is the destination, and not the source
 * @param source the client's workload, or null
 * @param sourceIdentity the client's identity if it is shown, or null
 * @param destination the workload that is connected to, or null
 * @param destinationIdentity its identity if it is shown, or null
 * @param service the service that was asked for, or null
 * @param tunnel whether the connection is encrypted
 */
public record TrafficKey(boolean inbound, @Nullable Workload source, @Nullable SpiffeId sourceIdentity, @Nullable Workload destination,
        @Nullable SpiffeId destinationIdentity, @Nullable Service service, boolean tunnel) {
    @Override
    @SuppressWarnings("ReferenceEquality")
    public boolean equals(@Nullable Object other) {
        return other instanceof TrafficKey key && inbound == key.inbound && tunnel == key.tunnel && source == key.source
                && destination == key.destination && service == key.service && Objects.equals(sourceIdentity, key.sourceIdentity)
                && Objects.equals(destinationIdentity, key.destinationIdentity);
    }

    /** Identities belong to workloads, and there are few without one, so they needn't tell keys apart. */
    @Override
    public int hashCode() {
        int hash = System.identityHashCode(source) * 31 + System.identityHashCode(destination);
        return (hash * 31 + System.identityHashCode(service)) * 4 + (inbound ? 2 : 0) + (tunnel ? 1 : 0);
    }

    /** {@return the labels of Istio's TCP metrics, except {@code response_flags}; what isn't known is {@code unknown}} */
    public Labels labels() {
        return TrafficLabels.of(this);
    }

    /** Returns the same in another state of the mesh; empty if a part of it isn't in the mesh any more. */
    Optional<TrafficKey> in(Mesh mesh) {
        Workload from = source == null ? null : mesh.workload(source.uid()).orElse(null);
        Workload to = destination == null ? null : mesh.workload(destination.uid()).orElse(null);
        Service called = service == null ? null : mesh.service(service.hostname()).orElse(null);
        boolean gone = source != null && from == null || destination != null && to == null || service != null && called == null;
        return gone ? Optional.empty()
                : Optional.of(new TrafficKey(inbound, from, sourceIdentity, to, destinationIdentity, called, tunnel));
    }
}
