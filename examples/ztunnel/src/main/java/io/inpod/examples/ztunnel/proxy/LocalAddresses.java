package io.inpod.examples.ztunnel.proxy;

import io.inpod.netlink.Link;
import io.inpod.netlink.LinkAddress;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The actual addresses of the pods on this node. An address that the mesh doesn't list would count as outside the mesh, and traffic between
 * pods would go to it in clear; see {@link OutboundPath}. Only addresses of interfaces that lead out of the pod count. Thread-safe.
 */
public final class LocalAddresses {
    /** In every namespace (LOOPBACK_IFINDEX in the kernel). */
    private static final int LOOPBACK = 1;
    /** A pod may have as many interfaces and addresses as it likes. */
    private static final int MOST_LINKS = 500;
    private static final int MOST_ADDRESSES = 1000;

    private final Map<NetworkNamespace, Set<InetAddress>> byPod = new ConcurrentHashMap<>();

    /** Reads a pod's addresses. To be called repeatedly, since they may change. Blocks. */
    void read(NetworkNamespace pod) throws IOException {
        Set<InetAddress> addresses = new HashSet<>();
        List<Link> outward;
        try (Rtnetlink network = Rtnetlink.open(pod)) {
            outward = network.links().first(MOST_LINKS).stream().filter(LocalAddresses::leadsOut).toList();
        }
        for (IpFamily family : outward.isEmpty() ? new IpFamily[0] : IpFamily.values()) {
            try (Rtnetlink network = Rtnetlink.open(pod)) {
                network.addresses().first(family, outward, MOST_ADDRESSES).stream().map(LinkAddress::address).forEach(addresses::add);
            }
        }
        // Every pod has these, and they don't reach other pods.
        addresses.removeIf(address -> address.isLoopbackAddress() || address.isLinkLocalAddress());
        byPod.put(pod, Set.copyOf(addresses));
    }

    /**
     * Whether packets from outside the pod arrive by an interface. Otherwise a pod would take an address from all others by adding it
     * to its loopback, a bridge (docker0) or a dummy.
     */
    private static boolean leadsOut(Link link) {
        boolean physical = link.kind() == null && link.index() != LOOPBACK;
        return physical || link.peerNamespace() >= 0;
    }

    void forget(NetworkNamespace pod) {
        byPod.remove(pod);
    }

    /**
     * Returns whether an address is that of a pod that is served.
     *
     * @param address the address
     * @return whether a pod has it
     */
    public boolean contains(InetAddress address) {
        return byPod.values().stream().anyMatch(addresses -> addresses.contains(address));
    }
}
