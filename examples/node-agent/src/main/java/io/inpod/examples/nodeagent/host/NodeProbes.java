package io.inpod.examples.nodeagent.host;

import io.inpod.examples.nodeagent.pod.ProbeAddresses;
import io.inpod.iptables.AddressSet;
import io.inpod.iptables.backend.Backend;
import io.inpod.iptables.backend.Detection;
import io.inpod.iptables.backend.pod.HostProbeChange;
import io.inpod.iptables.pod.HostProbe;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The probe addresses in the kernel: the rules and sets of {@link HostProbe} in the node's namespace. Whose an address is, is kept in the
 * set itself, as the element's comment, so that another agent finds it there. Only source addresses are rewritten: nothing here drops a
 * packet. Thread-safe; blocks.
 *
 * <p>What this class installs stays when the agent stops, because the kubelet goes on probing. {@link #uninstall()} removes it.
 */
public final class NodeProbes implements ProbeAddresses, AutoCloseable {
    private final NetworkNamespace node;
    private final HostProbeChange rules;
    /** What each pod should have. */
    private final Map<String, Set<InetAddress>> wanted = new HashMap<>();
    /** The pod that was given an address last, if several claim it. */
    private final Map<InetAddress, String> owners = new HashMap<>();
    /** Whether the sets hold nothing but what is wanted. */
    private boolean complete;

    private NodeProbes(NetworkNamespace node, HostProbeChange rules) {
        this.node = node;
        this.rules = rules;
    }

    /**
     * Chooses a back end: the one whose rules the namespace has already, or the first that is usable. Changes nothing yet.
     *
     * @param node the node's namespace; is closed with the result
     * @param backends the back ends to choose from, the preferred first
     * @param families the families that are redirected in the pods, at least one; addresses of others are ignored
     * @param log is told the choice
     * @return the probe addresses of this node
     * @throws IOException if no back end is usable; says why
     */
    public static NodeProbes open(NetworkNamespace node, List<Backend> backends, Set<IpFamily> families, Consumer<String> log)
            throws IOException {
        Detection detection = Detection.among(backends, node, HostProbe.NAMES);
        Backend chosen = detection.chosen()
                .orElseThrow(() -> new IOException("the node's rules for health probes can't be installed: " + detection.reason()));
        log.accept("health probes: " + detection.reason());
        return new NodeProbes(node, new HostProbeChange(HostProbe.of(families.toArray(IpFamily[]::new)), chosen));
    }

    @Override
    public synchronized void put(String uid, Set<InetAddress> addresses) throws IOException {
        Set<InetAddress> before = wanted.put(uid, Set.copyOf(addresses));
        addresses.forEach(address -> owners.put(address, uid));
        try {
            if (complete && (before == null || addresses.containsAll(before))) {
                rules.add(node, uid, addresses); // quicker: the sets needn't be read
            } else {
                rules.replace(node, uid, addresses);
            }
        } catch (IOException e) {
            restore(e);
        }
    }

    /** The sets may be gone, or not be there yet. What somebody else has put into them stays, until it is known which pods there are. */
    private void restore(IOException cause) throws IOException {
        try {
            Map<InetAddress, AddressSet.Element> elements = new LinkedHashMap<>();
            rules.elements(node).stream().filter(element -> !wanted.containsKey(element.comment()))
                    .forEach(element -> elements.put(element.address(), element));
            elements().forEach(element -> elements.put(element.address(), element));
            rules.install(node, List.copyOf(elements.values()));
        } catch (IOException e) {
            e.addSuppressed(cause);
            throw e;
        }
    }

    @Override
    public synchronized void remove(String uid) throws IOException {
        wanted.remove(uid);
        owners.values().removeIf(uid::equals);
        boolean before = complete;
        complete = false; // stays so if this fails
        rules.remove(node, uid);
        complete = before;
    }

    @Override
    public synchronized void keepExactly(Map<String, Set<InetAddress>> addresses) throws IOException {
        wanted.clear();
        wanted.putAll(addresses);
        owners.entrySet().removeIf(claim -> !wanted.getOrDefault(claim.getValue(), Set.of()).contains(claim.getKey()));
        rules.install(node, elements());
        complete = true;
    }

    /** Returns an element for each address: that of the pod that was given it last. */
    private List<AddressSet.Element> elements() {
        Map<InetAddress, String> all = new HashMap<>();
        new TreeMap<>(wanted).forEach((uid, addresses) -> addresses.forEach(address -> all.put(address, uid)));
        all.putAll(owners);
        List<AddressSet.Element> elements = new ArrayList<>();
        all.forEach((address, uid) -> elements.add(new AddressSet.Element(address, uid)));
        return elements;
    }

    /**
     * Removes the rules, and then the sets, whichever back end made them. Removing twice does nothing.
     *
     * @throws IOException if a tool or the kernel refuses
     */
    public synchronized void uninstall() throws IOException {
        wanted.clear();
        owners.clear();
        rules.remove(node);
    }

    /** Lets go of the node's namespace. Rules and sets stay. */
    @Override
    public void close() {
        node.close();
    }

    @Override
    public String toString() {
        return "health probes from " + node;
    }
}
