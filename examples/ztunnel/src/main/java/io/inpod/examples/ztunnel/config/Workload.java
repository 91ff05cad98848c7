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
 * @param trustDomain of its identity
 * @param addresses its IP addresses
 * @param network which network they are in
 * @param hostname its DNS name, or ""
 * @param node the node it runs on
 * @param hostNetwork whether it shares the node's addresses, so that an address doesn't tell who it is
 * @param hbone whether it is to be reached through a tunnel
 * @param workloadType deployment, cronjob, pod or job
 * @param workloadName name of that deployment, ...
 * @param canonicalName its service's name for telemetry
 * @param canonicalRevision its service's version for telemetry
 * @param clusterId the cluster it runs in
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

    /** {@return who it is to its peers} */
    public SpiffeId identity() {
        return new SpiffeId(trustDomain, namespace, serviceAccount);
    }
}
