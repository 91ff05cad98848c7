package io.inpod.examples.ztunnel.config;

import io.inpod.hbone.identity.SpiffeId;
import java.net.InetAddress;
import java.util.List;

/**
 * A workload of the mesh.
 *
 * @param uid its key in the mesh
 * @param name the pod's name
 * @param namespace its Kubernetes namespace
 * @param serviceAccount its service account
 * @param trustDomain its identity's trust domain
 * @param addresses its IP addresses
 * @param network the addresses' network
 * @param hostname its DNS name, or ""
 * @param node the node on which it runs
 * @param hostNetwork whether it shares the node's addresses, so that an address doesn't identify it
 * @param hbone whether peers reach it through a tunnel
 * @param workloadType deployment, cronjob, pod or job
 * @param workloadName the name of that deployment, cronjob, pod or job
 * @param canonicalName its service's name for telemetry
 * @param canonicalRevision its service's version for telemetry
 * @param clusterId the cluster in which it runs
 */
public record Workload(
        String uid,
        String name,
        String namespace,
        String serviceAccount,
        String trustDomain,
        List<InetAddress> addresses,
        String network,
        String hostname,
        String node,
        boolean hostNetwork,
        boolean hbone,
        String workloadType,
        String workloadName,
        String canonicalName,
        String canonicalRevision,
        String clusterId) {
    /** Copies the list. */
    public Workload {
        addresses = List.copyOf(addresses);
    }

    /** {@return its identity in the mesh} */
    public SpiffeId identity() {
        return new SpiffeId(trustDomain, namespace, serviceAccount);
    }
}
