package io.inpod.netns.testing;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.dns.DnsConfig;
import io.inpod.netns.testing.fault.Faults;
import io.inpod.netns.testing.fault.Traffic;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Pods on a bridge. The node is a namespace with the bridge {@code br0}; each pod is a namespace with a veth pair to the bridge, and an
 * IPv4 and an IPv6 address. Processes that still run in them when this JVM ends, even by SIGKILL, are killed; in a node that you provide,
 * they aren't.
 *
 * <pre>
 * pod 0: eth0 10.77.0.2/24 ── veth0 ┐
 * pod 1: eth0 10.77.0.3/24 ── veth1 ┴ br0 10.77.0.1/24 :node
 * </pre>
 *
 * <p>With several nodes, pods are dealt out to them in turn, and a router connects the nodes:
 *
 * <pre>
 * pod 0: eth0 10.77.0.2/24 ── br0 10.77.0.1/24 :node 0: uplink 10.78.0.2/24 ── 10.78.0.1/24 node0 ┐
 * pod 1: eth0 10.77.1.2/24 ── br0 10.77.1.1/24 :node 1: uplink 10.78.1.2/24 ── 10.78.1.1/24 node1 ┴ router
 * </pre>
 *
 * <p>The IPv6 address that belongs to 10.77.1.12 is fd10:77:0:1::12, and likewise for all others. A machine whose kernel has no IPv6 has
 * the IPv4 addresses only.
 *
 * <p>Thread-safe.
 */
public final class PodNetwork implements AutoCloseable {
    /** The bridge in each node. */
    public static final String BRIDGE = "br0";

    /** In each of several nodes, the interface that leads to the router. */
    public static final String UPLINK = "uplink";

    private static final Duration LOOKUP_TIMEOUT = Duration.ofSeconds(5);
    private static final int DNS_PORT = 53;

    private final List<NetworkNamespace> nodes;
    private final @Nullable NetworkNamespace router;
    private final List<Pod> pods = new ArrayList<>();
    private final PodProcesses processes = new PodProcesses();
    private final Faults faults = new Faults();

    private PodNetwork(List<NetworkNamespace> nodes, @Nullable NetworkNamespace router) {
        this.nodes = List.copyOf(nodes);
        this.router = router;
    }

    /**
     * Creates a node and pods, which live until the result is closed.
     *
     * @param count the number of pods, 0 to 250; they are called {@code pod-0} and so on
     * @return the network, to be closed by the caller
     * @throws IOException if this process may not create namespaces; nothing is left behind then
     */
    public static PodNetwork create(int count) throws IOException {
        return create(PodNames.numbered(count), 1);
    }

    /**
     * Creates pods on nodes, which live until the result is closed.
     *
     * @param names the pods' names, at most 250 for each node, as host names: letters, digits, hyphens and dots
     * @param nodes the number of nodes, 1 to 100; with more than one, a router connects them
     * @return the network, to be closed by the caller
     * @throws IOException if this process may not create namespaces; nothing is left behind then
     */
    public static PodNetwork create(List<String> names, int nodes) throws IOException {
        PodNames.check(names, nodes);
        List<NetworkNamespace> created = new ArrayList<>();
        try {
            for (int i = 0; i < (nodes == 1 ? 1 : nodes + 1); i++) {
                created.add(NetworkNamespace.create());
                ProcessEnd.add(created.get(i));
            }
        } catch (IOException | RuntimeException e) {
            created.forEach(PodNetwork::end);
            throw e;
        }
        return build(new PodNetwork(created.subList(0, nodes), nodes == 1 ? null : created.get(nodes)), names, false);
    }

    /**
     * Creates pods around an existing node, with names that {@code ip netns} shows.
     *
     * @param node the namespace in which the bridge is created; the result takes ownership of it
     * @param names the pods' names, at most 250
     * @return the network, to be closed by the caller
     * @throws IOException if a name is taken or this process may not create namespaces
     */
    public static PodNetwork named(NetworkNamespace node, List<String> names) throws IOException {
        PodNames.check(names, 1);
        return build(new PodNetwork(List.of(node), null), names, true);
    }

    private static PodNetwork build(PodNetwork network, List<String> names, boolean persistent) throws IOException {
        try {
            Wiring wiring = new Wiring();
            for (int i = 0; i < network.nodes.size(); i++) {
                wiring.node(network.nodes.get(i), i, network.router);
            }
            for (int i = 0; i < names.size(); i++) {
                network.add(wiring, names.get(i), persistent ? NetworkNamespace.create(names.get(i)) : NetworkNamespace.create());
            }
            wiring.await();
            network.processes.setNames(network.hosts());
            return network;
        } catch (IOException | RuntimeException e) {
            network.close();
            throw e;
        }
    }

    private void add(Wiring wiring, String name, NetworkNamespace namespace) throws IOException {
        Pod pod = wiring.describe(name, namespace, pods.size(), nodes, processes);
        pods.add(pod);
        ProcessEnd.add(namespace);
        wiring.pod(pod, (pods.size() - 1) % nodes.size());
    }

    private Map<String, List<InetAddress>> hosts() {
        Map<String, List<InetAddress>> hosts = new LinkedHashMap<>();
        for (Pod pod : pods) {
            hosts.put(pod.name(), pod.addresses());
        }
        return hosts;
    }

    /** {@return the namespace of the first node, which is the only one unless you asked for several} */
    public NetworkNamespace node() {
        return nodes.get(0);
    }

    /** {@return the namespaces of all nodes, in order} */
    public List<NetworkNamespace> nodes() {
        return nodes;
    }

    /** {@return the namespace of the router between several nodes, with the interfaces {@code node0} and so on; empty for one node} */
    public Optional<NetworkNamespace> router() {
        return Optional.ofNullable(router);
    }

    /** {@return the pods, in order} */
    public List<Pod> pods() {
        return List.copyOf(pods);
    }

    /**
     * Returns one of the pods.
     *
     * @param index its index, from 0
     * @return the pod
     */
    public Pod pod(int index) {
        return pods.get(index);
    }

    /**
     * Returns one of the pods.
     *
     * @param name its name
     * @return the pod
     * @throws IllegalArgumentException if there is none of that name
     */
    public Pod pod(String name) {
        return pods.stream().filter(pod -> pod.name().equals(name)).findFirst().orElseThrow(() -> new IllegalArgumentException(
                "no pod is called " + name + ", only " + pods.stream().map(Pod::name).collect(Collectors.joining(", "))));
    }

    /**
     * Returns the names of the pods, for an {@code io.inpod.netns.dns.NamespaceResolver} of this process. Processes that were started by
     * {@link Pod#start(String...)} need none.
     *
     * @return a configuration with the pods' names and addresses; for other names it asks a name server at the pod's own address 127.0.0.1
     */
    public DnsConfig dns() {
        InetSocketAddress server = new InetSocketAddress(IpFamily.V4.loopback(), DNS_PORT);
        return new DnsConfig(List.of(server), List.of(), 1, LOOKUP_TIMEOUT, hosts());
    }

    /** The surroundings in which leaks are described. */
    NetworkSurvey survey() {
        Map<String, NetworkNamespace> namespaces = new LinkedHashMap<>();
        pods.forEach(pod -> namespaces.put(pod.name(), pod.namespace()));
        for (int i = 0; i < nodes.size(); i++) {
            namespaces.put(nodes.size() == 1 ? "the node" : "node " + i, nodes.get(i));
        }
        if (router != null) {
            namespaces.put("the router", router);
        }
        return new NetworkSurvey(namespaces);
    }

    /** Returns what the processes that were started in pods have printed last; empty if there are none. */
    String report() throws IOException {
        return processes.report();
    }

    /** Ends all faults, and the processes that were started in pods. No more can be started. */
    void endFaultsAndProcesses() throws IOException {
        try {
            faults.close();
        } finally {
            processes.end(pods.stream().map(pod -> pod.namespace().identity().toString()).collect(Collectors.toSet()));
        }
    }

    /** {@return the faults of this network: which there were, what they did, and how to repeat them} */
    public Faults faults() {
        return faults;
    }

    /**
     * Selects what two pods send to each other, to make a fault of it: {@code network.between(a, b).drop(0.3)}.
     *
     * @param one a pod
     * @param other another pod
     * @return the packets
     */
    public Traffic between(Pod one, Pod other) {
        return faults.between(one, other);
    }

    /**
     * Selects what a pod sends and receives.
     *
     * @param pod the pod
     * @return the packets
     */
    public Traffic around(Pod pod) {
        return faults.around(pod);
    }

    /**
     * Selects what a pod sends: to anybody, or {@code network.from(a).to(b)}.
     *
     * @param pod the pod
     * @return the packets
     */
    public Traffic from(Pod pod) {
        return faults.from(pod);
    }

    /**
     * Selects what a pod receives.
     *
     * @param pod the pod
     * @return the packets
     */
    public Traffic to(Pod pod) {
        return faults.to(pod);
    }

    /**
     * Ends all faults and the processes that {@link Pod#start(String...)} has started, and closes all namespaces. Those without a name
     * vanish once no socket and no other process is in them.
     */
    @Override
    public void close() {
        try {
            endFaultsAndProcesses();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            pods.forEach(pod -> end(pod.namespace()));
            nodes.forEach(PodNetwork::end);
            if (router != null) {
                end(router);
            }
        }
    }

    private static void end(NetworkNamespace namespace) {
        try {
            ProcessEnd.forget(namespace);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            namespace.close();
        }
    }
}
