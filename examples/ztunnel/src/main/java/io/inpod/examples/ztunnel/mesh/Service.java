package io.inpod.examples.ztunnel.mesh;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A service of the mesh.
 *
 * @param name its Kubernetes name
 * @param hostname its namespace and hostname, its key in the mesh
 * @param addresses its virtual addresses
 * @param blocks its blocks of virtual addresses, by network
 * @param ports its ports
 * @param endpoints the endpoints that it names itself, by workload; workloads name others
 * @param subjectAltNames identities that its endpoints may have besides their own, as URIs
 * @param waypoint the waypoint that connections to it pass through, or null
 * @param weightedWaypoints several waypoints among which its connections are divided; if any has a weight, {@code waypoint} doesn't count
 * @param loadBalancing how an endpoint is chosen
 * @param ipFamilies which addresses of its endpoints it uses
 * @param canonical whether it is the main one of those with its hostname
 * @param ofNamespaceOnly whether only clients in its own namespace know it
 */
public record Service(
        String name,
        ServiceName hostname,
        List<NetworkAddress> addresses,
        List<NetworkBlock> blocks,
        Ports ports,
        Map<String, Endpoint> endpoints,
        List<String> subjectAltNames,
        @Nullable Gateway waypoint,
        List<WeightedGateway> weightedWaypoints,
        LoadBalancing loadBalancing,
        IpFamilies ipFamilies,
        boolean canonical,
        boolean ofNamespaceOnly) {
    /** Copies lists and maps. */
    public Service {
        addresses = List.copyOf(addresses);
        blocks = List.copyOf(blocks);
        endpoints = Map.copyOf(endpoints);
        subjectAltNames = List.copyOf(subjectAltNames);
        weightedWaypoints = List.copyOf(weightedWaypoints);
    }

    /**
     * Begins to describe a service.
     *
     * @param namespace its Kubernetes namespace
     * @param hostname its hostname
     * @return a description with defaults for everything else
     */
    public static ServiceBuilder builder(String namespace, String hostname) {
        return new ServiceBuilder(new ServiceName(namespace, hostname));
    }

    /** {@return its Kubernetes namespace} */
    public String namespace() {
        return hostname.namespace();
    }

    /** {@return whether it has no virtual address of its own, so that clients reach it by one that follows from its name} */
    public boolean hasAutoAddress() {
        return addresses.isEmpty() && blocks.isEmpty() && !hostname.hostname().startsWith("*");
    }

    /**
     * Returns whether clients of a namespace know it.
     *
     * @param namespace the client's Kubernetes namespace
     * @return whether the service counts for it
     */
    public boolean isVisibleTo(String namespace) {
        return !ofNamespaceOnly || namespace().equals(namespace);
    }
}
