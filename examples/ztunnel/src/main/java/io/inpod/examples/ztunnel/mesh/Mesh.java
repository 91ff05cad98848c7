package io.inpod.examples.ztunnel.mesh;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One state of the mesh: its workloads, services and policies, with indexes. Immutable, so a decision that uses one object sees one state.
 * Another state is made by a {@link MeshChange}, which costs as much as what it changes, not as much as the mesh.
 */
public final class Mesh {
    /** A mesh in which there is nothing. */
    public static final Mesh EMPTY = new Mesh(MeshIndexes.EMPTY);

    private final MeshIndexes indexes;

    Mesh(MeshIndexes indexes) {
        this.indexes = indexes;
    }

    MeshIndexes indexes() {
        return indexes;
    }

    /** {@return a change that begins with this state} */
    public MeshChange change() {
        return new MeshChange(this);
    }

    /**
     * Returns a workload.
     *
     * @param uid its key
     * @return the workload, if the mesh has it
     */
    public Optional<Workload> workload(String uid) {
        return Optional.ofNullable(indexes.workloads().get(uid));
    }

    /** {@return all workloads, in no particular order} */
    public Collection<Workload> workloads() {
        return indexes.workloads().values();
    }

    /**
     * Returns the workload that has an address. If there are several, one that speaks HBONE counts before others: what one of them would
     * encrypt may not go in clear. Workloads that share their node's addresses aren't found.
     *
     * @param network the address's network
     * @param address the address
     * @return the workload, if the mesh has one
     */
    public Optional<Workload> at(String network, InetAddress address) {
        return first(Index.few(indexes.byAddress(), new NetworkAddress(network, address)), RANK);
    }

    private Workload known(String uid) {
        return Objects.requireNonNull(indexes.workloads().get(uid));
    }

    private Optional<Workload> first(List<String> uids, Comparator<Workload> order) {
        return switch (uids.size()) {
            case 0 -> Optional.empty();
            case 1 -> Optional.of(known(uids.get(0)));
            default -> uids.stream().map(this::known).min(order);
        };
    }

    /** HBONE first, then real pods; the uid makes it independent of the order in which they were added. */
    private static final Comparator<Workload> RANK = Comparator.comparing((Workload w) -> !w.hbone())
            .thenComparing(w -> !w.uid().contains("//Pod/")).thenComparing(Workload::uid);

    /**
     * Returns the workload that an agent describes.
     *
     * @param node the node on which it runs
     * @param name the pod's name
     * @param namespace its Kubernetes namespace
     * @param serviceAccount its service account
     * @return the workload, if the mesh has one that matches all four
     */
    public Optional<Workload> local(String node, String name, String namespace, String serviceAccount) {
        for (String uid : Index.few(indexes.byName(), new PodName(namespace, name))) { // in the order of the uids
            Workload workload = known(uid);
            if (workload.node().equals(node) && workload.serviceAccount().equals(serviceAccount)) {
                return Optional.of(workload);
            }
        }
        return Optional.empty();
    }

    /**
     * Returns the workloads that have a DNS name of their own.
     *
     * @param hostname the name
     * @return the workloads, by uid
     */
    public List<Workload> named(String hostname) {
        return Index.few(indexes.byHostname(), hostname.toLowerCase(Locale.ROOT)).stream().map(this::known).toList();
    }

    /**
     * Returns a service.
     *
     * @param name its namespace and hostname
     * @return the service, if the mesh has it
     */
    public Optional<Service> service(ServiceName name) {
        return Optional.ofNullable(indexes.services().get(name));
    }

    /** {@return all services, in no particular order} */
    public Collection<Service> services() {
        return indexes.services().values();
    }

    /**
     * Returns the services that have a hostname. Which of them counts depends on the client.
     *
     * @param hostname the name, which may begin with {@code *.} as the service's may; this isn't expanded here
     * @return the services, of different namespaces, by namespace
     */
    public List<Service> servicesNamed(String hostname) {
        return Index.few(indexes.servicesByHostname(), hostname.toLowerCase(Locale.ROOT));
    }

    /**
     * Returns the services that have a virtual address, or the one to which an {@linkplain AutoAddress automatic address} leads.
     *
     * @param network the address's network
     * @param address the address
     * @return the services that have exactly this address; none if an automatic address would be that of several
     */
    public List<Service> servicesAt(String network, InetAddress address) {
        List<Service> services = Index.few(indexes.servicesByAddress(), new NetworkAddress(network, address));
        if (services.isEmpty() && AutoAddress.mayBe(address)) {
            List<Service> automatic = Index.few(indexes.servicesByAutoAddress(), address);
            return automatic.size() == 1 ? automatic : List.of();
        }
        return services;
    }

    /**
     * Returns the services that have a block of virtual addresses to which an address belongs.
     *
     * @param network the address's network
     * @param address the address
     * @return the services by block, the smallest blocks first
     */
    public List<ServiceBlock> servicesAround(String network, InetAddress address) {
        List<ServiceBlock> found = new ArrayList<>();
        int bits = address.getAddress().length * 8;
        indexes.blockLengths().keySet().stream().filter(length -> length <= bits).sorted(Comparator.reverseOrder()).forEach(length -> {
            NetworkBlock block = new NetworkBlock(network, new AddressBlock(address, length));
            Index.few(indexes.servicesByBlock(), block).forEach(service -> found.add(new ServiceBlock(service, block.block())));
        });
        return found;
    }

    /**
     * A service that was found by a block of its virtual addresses.
     *
     * @param service the service
     * @param block the block
     */
    public record ServiceBlock(Service service, AddressBlock block) {}

    /**
     * Returns the endpoints of a service: those that it names itself, and those that name it. A workload that both name is there twice. An
     * endpoint's workload may be unknown.
     *
     * @param service the service's name
     * @return the endpoints, in no particular order; none if neither side names any
     */
    public Collection<Endpoint> endpoints(ServiceName service) {
        return Index.many(indexes.endpoints(), service);
    }

    /** {@return the services that workloads name, and that the mesh doesn't have (yet), in no particular order} */
    public Stream<ServiceName> missingServices() {
        return indexes.endpoints().keySet().stream().filter(name -> !indexes.services().containsKey(name));
    }

    /**
     * Returns whether a workload names itself as an endpoint of a service.
     *
     * @param service the service's name
     * @param uid the workload's key
     * @return whether it is one of the {@linkplain #endpoints endpoints} without being named by the service
     */
    public boolean isEndpoint(ServiceName service, String uid) {
        Map<String, Endpoint> named = indexes.endpoints().get(service);
        return named != null && named.containsKey(uid);
    }

    /**
     * Returns the endpoints of a service in groups.
     *
     * @param service the service's name
     * @return the groups; none if the service has few endpoints, or names endpoints itself
     */
    public Optional<EndpointGroups> groups(ServiceName service) {
        return Optional.ofNullable(indexes.groups().get(service));
    }

    /**
     * Returns a policy.
     *
     * @param fullName its name, {@code namespace/name}
     * @return the policy, if the mesh has it
     */
    public Optional<Policy> policy(String fullName) {
        return Optional.ofNullable(indexes.policies().get(fullName));
    }

    /**
     * Returns whether another state has the same policies, as the states before and after a change of workloads and services do.
     *
     * @param other the other state
     * @return false also if they are the same by chance
     */
    @SuppressWarnings("ReferenceEquality") // maps that are equal without being the same would have to be compared policy by policy
    public boolean sharesPolicies(Mesh other) {
        return indexes.policies() == other.indexes.policies();
    }

    /** {@return all policies, in no particular order} */
    public Collection<Policy> policies() {
        return indexes.policies().values();
    }

    /** {@return the policies that concern all workloads} */
    public Collection<Policy> globalPolicies() {
        return indexes.globalPolicies().values();
    }

    /**
     * Returns the policies that concern a whole namespace.
     *
     * @param namespace the Kubernetes namespace
     * @return its policies of that scope
     */
    public Collection<Policy> policiesOf(String namespace) {
        return Index.many(indexes.policiesOfNamespaces(), namespace);
    }

    /** {@return the number of workloads} */
    public int size() {
        return indexes.workloads().size();
    }
}
