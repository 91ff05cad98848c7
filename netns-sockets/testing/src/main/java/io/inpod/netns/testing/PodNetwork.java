package io.inpod.netns.testing;

import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.fault.Faults;
import io.inpod.netns.testing.fault.Traffic;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * Pods on a bridge. The node is a namespace with the bridge {@code br0}; each pod is a namespace with a veth pair to the bridge. Processes
 * that still run in them when this JVM ends, even by SIGKILL, are killed; in a node that you provide, they aren't.
 *
 * <pre>
 * pod 0: eth0 10.77.0.2/24 ── veth0 ┐
 * pod 1: eth0 10.77.0.3/24 ── veth1 ┴ br0 10.77.0.1/24 :node
 * </pre>
 */
public final class PodNetwork implements AutoCloseable {
    /** The bridge in the node. */
    public static final String BRIDGE = "br0";

    private static final int PREFIX = 24;
    private static final int MAX_PODS = 250;

    private final NetworkNamespace node;
    private final List<Pod> pods = new ArrayList<>();
    private final Faults faults;

    private PodNetwork(NetworkNamespace node) {
        this.node = node;
        faults = new Faults(pod -> node);
    }

    /**
     * Creates a node and pods, which live until the result is closed.
     *
     * @param count the number of pods, 0 to 250
     * @return the network, to be closed by the caller
     * @throws IOException if this process may not create namespaces; nothing is left behind then
     */
    public static PodNetwork create(int count) throws IOException {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            names.add("pod-" + i);
        }
        NetworkNamespace node = NetworkNamespace.create();
        ProcessEnd.add(node); // unlike a node that the caller provides
        return build(node, names, false);
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
        return build(node, names, true);
    }

    private static PodNetwork build(NetworkNamespace node, List<String> names, boolean persistent) throws IOException {
        if (names.size() > MAX_PODS) {
            throw new IllegalArgumentException("at most " + MAX_PODS + " pods, not " + names.size());
        }
        PodNetwork network = new PodNetwork(node);
        try (Rtnetlink links = Rtnetlink.open(node)) {
            links.links().up("lo");
            links.links().createBridge(BRIDGE);
            links.addresses().add(BRIDGE, address(1), PREFIX);
            links.links().up(BRIDGE);
            for (String name : names) {
                network.add(links, name, persistent ? NetworkNamespace.create(name) : NetworkNamespace.create());
            }
            return network;
        } catch (IOException | RuntimeException e) {
            network.close();
            throw e;
        }
    }

    private void add(Rtnetlink nodeLinks, String name, NetworkNamespace namespace) throws IOException {
        Pod pod = new Pod(name, namespace, address(2 + pods.size()), "veth" + pods.size());
        pods.add(pod);
        ProcessEnd.add(namespace);
        nodeLinks.links().createVeth(pod.link(), "eth0", namespace);
        nodeLinks.links().setMaster(pod.link(), BRIDGE);
        nodeLinks.links().up(pod.link());
        try (Rtnetlink inside = Rtnetlink.open(namespace)) {
            inside.links().up("lo");
            inside.addresses().add("eth0", pod.address(), PREFIX);
            inside.links().up("eth0");
            inside.routes().add(Route.via(address(1)));
        }
    }

    private static Inet4Address address(int last) throws IOException {
        return (Inet4Address) InetAddress.getByAddress(new byte[] {10, 77, 0, (byte) last});
    }

    /** {@return the namespace of the bridge} */
    public NetworkNamespace node() {
        return node;
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

    /** Ends all faults and closes all namespaces. Those without a name vanish once no socket and no process is in them. */
    @Override
    public void close() {
        try {
            faults.close();
        } finally {
            pods.forEach(pod -> end(pod.namespace()));
            end(node);
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
