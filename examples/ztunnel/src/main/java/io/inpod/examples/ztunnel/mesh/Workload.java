package io.inpod.examples.ztunnel.mesh;

import io.inpod.hbone.identity.SpiffeId;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A workload of the mesh.
 *
 * @param uid its key in the mesh, never empty
 * @param name the pod's name
 * @param namespace its Kubernetes namespace
 * @param identity its identity in the mesh, made of its trust domain, namespace and service account
 * @param addresses its IP addresses; without one, its hostname is looked up when a connection comes
 * @param network the addresses' network
 * @param hostname its DNS name in lower case, or ""
 * @param node the node on which it runs
 * @param hostNetwork whether it shares the node's addresses, so that an address doesn't identify it
 * @param hbone whether peers reach it through a tunnel
 * @param nativeTunnel whether it terminates tunnels itself
 * @param healthy whether it is able to serve
 * @param capacity its share of a service's connections, relative to other endpoints; 0 or more
 * @param locality where it runs
 * @param telemetry how it is described to peers
 * @param waypoint the waypoint that connections to it pass through, or null
 * @param networkGateway the gateway of its network for clients in other networks, or null
 * @param applicationTunnel how it is told about clients, or null
 * @param policies the names, as {@code namespace/name}, of the policies that select it
 * @param services the services of which it is an endpoint, with its own ports for them
 */
public record Workload(
        String uid,
        String name,
        String namespace,
        SpiffeId identity,
        List<InetAddress> addresses,
        String network,
        String hostname,
        String node,
        boolean hostNetwork,
        boolean hbone,
        boolean nativeTunnel,
        boolean healthy,
        long capacity,
        Locality locality,
        Telemetry telemetry,
        @Nullable Gateway waypoint,
        @Nullable Gateway networkGateway,
        @Nullable ApplicationTunnel applicationTunnel,
        List<String> policies,
        Map<ServiceName, Ports> services) {
    /** Copies lists and maps. */
    public Workload {
        addresses = List.copyOf(addresses);
        policies = List.copyOf(policies);
        services = Map.copyOf(services);
    }

    /**
     * Begins to describe a workload.
     *
     * @param uid its key in the mesh
     * @param namespace its Kubernetes namespace
     * @return a description with defaults for everything else
     */
    public static WorkloadBuilder builder(String uid, String namespace) {
        return new WorkloadBuilder(uid, namespace);
    }

    /**
     * Begins to describe a workload.
     *
     * @param uid its key in the mesh
     * @param namespace its Kubernetes namespace, the same as in its identity
     * @param identity its identity
     * @return a description with defaults for everything else
     */
    public static WorkloadBuilder builder(String uid, String namespace, SpiffeId identity) {
        return new WorkloadBuilder(uid, namespace, identity);
    }

    /**
     * Returns the same workload under another key.
     *
     * @param uid the key
     * @return the workload
     */
    public Workload withUid(String uid) {
        return new Workload(uid, name, namespace, identity, addresses, network, hostname, node, hostNetwork, hbone,
                nativeTunnel, healthy, capacity, locality, telemetry, waypoint, networkGateway, applicationTunnel, policies, services);
    }

    /** {@return its service account} */
    public String serviceAccount() {
        return identity.serviceAccount();
    }

    /** {@return its identity's trust domain} */
    public String trustDomain() {
        return identity.trustDomain();
    }

    /**
     * Returns whether it has an address.
     *
     * @param network the address's network
     * @param address the address
     * @return whether it is one of this workload's own
     */
    public boolean has(String network, InetAddress address) {
        return this.network.equals(network) && addresses.contains(address);
    }

    /** {@return the port at which its app expects all connections with a description of their client, if there is one} */
    public OptionalInt applicationPort() {
        Integer port = applicationTunnel == null ? null : applicationTunnel.port();
        return port == null ? OptionalInt.empty() : OptionalInt.of(port);
    }
}
