package io.inpod.examples.ztunnel.config;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The workloads of the mesh, found by address or by name. Immutable. */
public final class Mesh {
    private final Map<Key, Workload> byAddress = new HashMap<>();
    private final List<Workload> workloads;

    private record Key(String network, InetAddress address) {}

    /**
     * Indexes workloads.
     *
     * @param workloads all of them
     */
    public Mesh(List<Workload> workloads) {
        this.workloads = List.copyOf(workloads);
        for (Workload workload : workloads) {
            for (InetAddress address : workload.addresses()) {
                if (!workload.hostNetwork()) {
                    // Of two workloads with one address, the one with a tunnel counts: what one of them would encrypt may not go in clear.
                    byAddress.merge(new Key(workload.network(), address), workload, (a, b) -> a.hbone() ? a : b);
                }
            }
        }
    }

    /**
     * Returns the workload that has an address.
     *
     * @param network the address's network
     * @param address the address
     * @return the workload, if the mesh has one
     */
    public Optional<Workload> at(String network, InetAddress address) {
        return Optional.ofNullable(byAddress.get(new Key(network, address)));
    }

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
        return workloads.stream()
                .filter(w -> w.node().equals(node) && w.name().equals(name) && w.namespace().equals(namespace)
                        && w.serviceAccount().equals(serviceAccount))
                .findFirst();
    }

    /**
     * Returns the workload that has a DNS name.
     *
     * @param hostname the name
     * @return the workload, if the mesh has one with addresses
     */
    public Optional<Workload> named(String hostname) {
        return workloads.stream().filter(w -> w.hostname().equalsIgnoreCase(hostname) && !w.addresses().isEmpty()).findFirst();
    }

    /** {@return the number of workloads} */
    public int size() {
        return workloads.size();
    }
}
