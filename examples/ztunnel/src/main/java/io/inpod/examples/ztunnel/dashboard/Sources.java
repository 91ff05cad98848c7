package io.inpod.examples.ztunnel.dashboard;

import io.inpod.examples.ztunnel.health.OutboundFailures;
import io.inpod.examples.ztunnel.inpod.PodState;
import io.inpod.examples.ztunnel.live.Denials;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.source.SourceStatus;
import io.inpod.examples.ztunnel.traffic.Traffic;
import io.inpod.hbone.identity.CertificateStatus;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What the page shows. All of it is asked on the admin port's thread, once a second while somebody looks.
 *
 * @param node the node's name, or ""
 * @param pods the pods that the agent has named
 * @param ports the ports at which the proxy listens in pods, by uid
 * @param traffic what their connections add up to
 * @param denials what policy has decided
 * @param outbound outbound connections that were not connected
 * @param certificates what is known of the certificates of the pods on this node
 * @param source how the mesh's source does
 * @param mesh the mesh
 */
public record Sources(
        String node,
        Supplier<List<PodState>> pods,
        Supplier<Map<String, Set<Integer>>> ports,
        Traffic traffic,
        Denials denials,
        OutboundFailures outbound,
        Supplier<List<CertificateStatus>> certificates,
        Supplier<SourceStatus> source,
        Supplier<Mesh> mesh) {}
