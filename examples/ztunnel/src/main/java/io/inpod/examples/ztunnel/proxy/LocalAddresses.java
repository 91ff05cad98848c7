package io.inpod.examples.ztunnel.proxy;

import io.inpod.netlink.LinkAddress;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The actual addresses of the pods on this node. An address that the mesh doesn't list would count as outside the mesh, and traffic between
 * pods would go to it in clear; see {@link OutboundPath}. Thread-safe.
 */
public final class LocalAddresses {
    private final Map<NetworkNamespace, Set<InetAddress>> byPod = new ConcurrentHashMap<>();

    /** Reads a pod's addresses. To be called repeatedly, since they may change. Blocks. */
    void read(NetworkNamespace pod) throws IOException {
        Set<InetAddress> addresses = new HashSet<>();
        try (Rtnetlink network = Rtnetlink.open(pod)) {
            for (IpFamily family : IpFamily.values()) {
                network.addresses().list(family).stream().map(LinkAddress::address).forEach(addresses::add);
            }
        }
        // Every pod has these, and they don't reach other pods.
        addresses.removeIf(address -> address.isLoopbackAddress() || address.isLinkLocalAddress());
        byPod.put(pod, Set.copyOf(addresses));
    }

    void forget(NetworkNamespace pod) {
        byPod.remove(pod);
    }

    boolean contains(InetAddress address) {
        return byPod.values().stream().anyMatch(addresses -> addresses.contains(address));
    }
}
