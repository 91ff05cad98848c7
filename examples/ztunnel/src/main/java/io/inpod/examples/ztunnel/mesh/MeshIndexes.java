package io.inpod.examples.ztunnel.mesh;

import java.net.InetAddress;
import java.util.List;
import org.pcollections.PMap;

/**
 * The indexes of a mesh. Persistent maps: another state shares with this one all that didn't change. Workloads are found by way of their
 * uids, so that one that changes without changing its keys is put in one place.
 *
 * @param workloads by uid
 * @param byAddress uids by the workloads' addresses, unless they share the node's
 * @param byName uids by the names of the workloads' pods
 * @param byHostname uids by the workloads' own DNS names
 * @param services by namespace and hostname
 * @param servicesByHostname of all namespaces
 * @param servicesByAddress by virtual address
 * @param servicesByAutoAddress those without a virtual address, by the addresses that follow from their names
 * @param servicesByBlock by block of virtual addresses
 * @param blockLengths how many of these blocks have which length
 * @param endpoints by service, and by workload or the service's key for it; also of services that aren't known yet
 * @param groups the endpoints of services that have many and name none themselves, grouped
 * @param policies by full name
 * @param globalPolicies those that concern all workloads, by full name
 * @param policiesOfNamespaces those that concern a namespace, by namespace, and by full name
 */
record MeshIndexes(
        PMap<String, Workload> workloads,
        PMap<NetworkAddress, List<String>> byAddress,
        PMap<PodName, List<String>> byName,
        PMap<String, List<String>> byHostname,
        PMap<ServiceName, Service> services,
        PMap<String, List<Service>> servicesByHostname,
        PMap<NetworkAddress, List<Service>> servicesByAddress,
        PMap<InetAddress, List<Service>> servicesByAutoAddress,
        PMap<NetworkBlock, List<Service>> servicesByBlock,
        PMap<Integer, Integer> blockLengths,
        PMap<ServiceName, PMap<String, Endpoint>> endpoints,
        PMap<ServiceName, EndpointGroups> groups,
        PMap<String, Policy> policies,
        PMap<String, Policy> globalPolicies,
        PMap<String, PMap<String, Policy>> policiesOfNamespaces) {
    static final MeshIndexes EMPTY = new MeshIndexes(Index.none(), Index.none(), Index.none(), Index.none(), Index.none(), Index.none(),
            Index.none(), Index.none(), Index.none(), Index.none(), Index.none(), Index.none(), Index.none(), Index.none(), Index.none());
}
