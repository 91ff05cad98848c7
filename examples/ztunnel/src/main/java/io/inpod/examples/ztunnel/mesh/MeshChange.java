package io.inpod.examples.ztunnel.mesh;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.pcollections.PMap;

/**
 * Changes that lead from one state of the mesh to another. What is put replaces what has the same key. Removing what isn't there changes
 * nothing. Not thread-safe.
 */
public final class MeshChange {
    private PMap<String, Workload> workloads;
    private PMap<NetworkAddress, List<String>> byAddress;
    private PMap<PodName, List<String>> byName;
    private PMap<String, List<String>> byHostname;
    private PMap<ServiceName, Service> services;
    private PMap<String, List<Service>> servicesByHostname;
    private PMap<NetworkAddress, List<Service>> servicesByAddress;
    private PMap<InetAddress, List<Service>> servicesByAutoAddress;
    private PMap<NetworkBlock, List<Service>> servicesByBlock;
    private PMap<Integer, Integer> blockLengths;
    private PMap<ServiceName, PMap<String, Endpoint>> endpoints;
    private PMap<ServiceName, EndpointGroups> groups;
    private final Map<ServiceName, Set<String>> regrouped = new HashMap<>();
    private PMap<String, Policy> policies;
    private PMap<String, Policy> globalPolicies;
    private PMap<String, PMap<String, Policy>> policiesOfNamespaces;

    MeshChange(Mesh before) {
        MeshIndexes indexes = before.indexes();
        workloads = indexes.workloads();
        byAddress = indexes.byAddress();
        byName = indexes.byName();
        byHostname = indexes.byHostname();
        services = indexes.services();
        servicesByHostname = indexes.servicesByHostname();
        servicesByAddress = indexes.servicesByAddress();
        servicesByAutoAddress = indexes.servicesByAutoAddress();
        servicesByBlock = indexes.servicesByBlock();
        blockLengths = indexes.blockLengths();
        endpoints = indexes.endpoints();
        groups = indexes.groups();
        policies = indexes.policies();
        globalPolicies = indexes.globalPolicies();
        policiesOfNamespaces = indexes.policiesOfNamespaces();
    }

    /**
     * Adds or replaces a workload.
     *
     * @param workload the workload
     * @return this
     */
    public MeshChange put(Workload workload) {
        Workload old = workloads.get(workload.uid());
        if (old != null && hasSameKeys(old, workload)) {
            replace(workload);
            return this;
        }
        removeWorkload(workload.uid());
        workloads = workloads.plus(workload.uid(), workload);
        if (!workload.hostNetwork()) {
            for (InetAddress address : workload.addresses().stream().distinct().toList()) {
                byAddress = Index.with(byAddress, new NetworkAddress(workload.network(), address), workload.uid());
            }
        }
        if (!workload.name().isEmpty()) {
            byName = Index.with(byName, new PodName(workload.namespace(), workload.name()), workload.uid());
        }
        if (!workload.hostname().isEmpty()) {
            byHostname = Index.with(byHostname, workload.hostname(), workload.uid());
        }
        workload.services().forEach((service, ports) -> {
            endpoints = Index.with(endpoints, service, workload.uid(), new Endpoint(workload.uid(), ports, true));
            regrouped(service).add(workload.uid());
        });
        return this;
    }

    private static boolean hasSameKeys(Workload one, Workload other) {
        return one.hostNetwork() == other.hostNetwork() && one.network().equals(other.network())
                && one.addresses().equals(other.addresses()) && one.namespace().equals(other.namespace())
                && one.name().equals(other.name()) && one.hostname().equals(other.hostname()) && one.services().equals(other.services());
    }

    /** Most changes of a mesh are such: the indexes lead to the new workload by the same keys, only groups hold workloads themselves. */
    private void replace(Workload workload) {
        workloads = workloads.plus(workload.uid(), workload);
        for (ServiceName service : workload.services().keySet()) {
            if (groups.containsKey(service)) {
                regrouped(service).add(workload.uid());
            }
        }
    }

    /**
     * Removes a workload.
     *
     * @param uid its key
     * @return this
     */
    public MeshChange removeWorkload(String uid) {
        Workload old = workloads.get(uid);
        if (old == null) {
            return this;
        }
        workloads = workloads.minus(uid);
        if (!old.hostNetwork()) {
            for (InetAddress address : old.addresses().stream().distinct().toList()) {
                byAddress = Index.without(byAddress, new NetworkAddress(old.network(), address), uid);
            }
        }
        if (!old.name().isEmpty()) {
            byName = Index.without(byName, new PodName(old.namespace(), old.name()), uid);
        }
        if (!old.hostname().isEmpty()) {
            byHostname = Index.without(byHostname, old.hostname(), uid);
        }
        for (ServiceName service : old.services().keySet()) {
            endpoints = Index.without(endpoints, service, uid);
            regrouped(service).add(uid);
        }
        return this;
    }

    private Set<String> regrouped(ServiceName service) {
        return regrouped.computeIfAbsent(service, name -> new HashSet<>());
    }

    /** Only once for each service, so that what a change does to many endpoints of one doesn't depend on the order. */
    private void regroup(ServiceName name, Set<String> uids) {
        Service service = services.get(name);
        PMap<String, Endpoint> all = endpoints.get(name);
        if (service == null || !service.endpoints().isEmpty() || all == null || all.size() < EndpointGroups.LEAST) {
            groups = groups.minus(name);
            return;
        }
        EndpointGroups now = groups.get(name);
        if (now == null || !now.isOf(service)) {
            groups = groups.plus(name, EndpointGroups.of(service, all, workloads));
            return;
        }
        for (String uid : uids) {
            now = now.with(uid, all, workloads);
        }
        groups = groups.plus(name, now);
    }

    /**
     * Adds or replaces a service.
     *
     * @param service the service
     * @return this
     */
    public MeshChange put(Service service) {
        removeService(service.hostname());
        services = services.plus(service.hostname(), service);
        regrouped(service.hostname());
        servicesByHostname = Index.with(servicesByHostname, service.hostname().hostname(), service);
        for (NetworkAddress address : service.addresses().stream().distinct().toList()) {
            servicesByAddress = Index.with(servicesByAddress, address, service);
        }
        if (service.hasAutoAddress()) {
            for (InetAddress address : AutoAddress.of(service.hostname())) {
                servicesByAutoAddress = Index.with(servicesByAutoAddress, address, service);
            }
        }
        for (NetworkBlock block : service.blocks().stream().distinct().toList()) {
            servicesByBlock = Index.with(servicesByBlock, block, service);
            blockLengths = blockLengths.plus(block.block().length(), blockLengths.getOrDefault(block.block().length(), 0) + 1);
        }
        service.endpoints().forEach((key, endpoint) -> endpoints = Index.with(endpoints, service.hostname(), named(key), endpoint));
        return this;
    }

    /** Apart from those that workloads name, whose key is the uid alone: either side may take its own back. */
    private static String named(String key) {
        return "service: " + key;
    }

    /**
     * Removes a service. Endpoints that workloads name stay, until the service comes back or the workloads leave.
     *
     * @param name its namespace and hostname
     * @return this
     */
    public MeshChange removeService(ServiceName name) {
        Service old = services.get(name);
        if (old == null) {
            return this;
        }
        services = services.minus(name);
        regrouped(name);
        servicesByHostname = Index.without(servicesByHostname, name.hostname(), old);
        for (NetworkAddress address : old.addresses().stream().distinct().toList()) {
            servicesByAddress = Index.without(servicesByAddress, address, old);
        }
        if (old.hasAutoAddress()) {
            for (InetAddress address : AutoAddress.of(name)) {
                servicesByAutoAddress = Index.without(servicesByAutoAddress, address, old);
            }
        }
        for (NetworkBlock block : old.blocks().stream().distinct().toList()) {
            servicesByBlock = Index.without(servicesByBlock, block, old);
            int rest = blockLengths.getOrDefault(block.block().length(), 0) - 1;
            blockLengths = rest > 0 ? blockLengths.plus(block.block().length(), rest) : blockLengths.minus(block.block().length());
        }
        for (String key : old.endpoints().keySet()) {
            endpoints = Index.without(endpoints, name, named(key));
        }
        return this;
    }

    /**
     * Adds or replaces a policy.
     *
     * @param policy the policy
     * @return this
     */
    public MeshChange put(Policy policy) {
        String name = policy.fullName();
        removePolicy(name);
        policies = policies.plus(name, policy);
        switch (policy.scope()) {
            case GLOBAL -> globalPolicies = globalPolicies.plus(name, policy);
            case NAMESPACE -> policiesOfNamespaces = Index.with(policiesOfNamespaces, policy.namespace(), name, policy);
            case WORKLOAD_SELECTOR -> { // found by the workloads that name it
            }
        }
        return this;
    }

    /**
     * Removes a policy.
     *
     * @param fullName its name, {@code namespace/name}
     * @return this
     */
    public MeshChange removePolicy(String fullName) {
        Policy old = policies.get(fullName);
        if (old == null) {
            return this;
        }
        policies = policies.minus(fullName);
        switch (old.scope()) {
            case GLOBAL -> globalPolicies = globalPolicies.minus(fullName);
            case NAMESPACE -> policiesOfNamespaces = Index.without(policiesOfNamespaces, old.namespace(), fullName);
            case WORKLOAD_SELECTOR -> { // was found by the workloads that named it
            }
        }
        return this;
    }

    /** {@return the changed state} */
    public Mesh build() {
        regrouped.forEach(this::regroup);
        regrouped.clear();
        return new Mesh(new MeshIndexes(workloads, byAddress, byName, byHostname, services, servicesByHostname, servicesByAddress,
                servicesByAutoAddress, servicesByBlock, blockLengths, endpoints, groups, policies, globalPolicies,
                policiesOfNamespaces));
    }
}
