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
 * The addresses that the pods of this node really have. One that the mesh doesn't list would count as outside of the mesh, so that data
 * from pod to pod would go there in clear; see {@link OutboundPath}. Thread-safe.
 */
public final class LocalAddresses {
    private final Map<NetworkNamespace, Set<InetAddress>> byPod = new ConcurrentHashMap<>();

    /** Reads a pod's addresses, now and again later: they may change. Blocks. */
    void read(NetworkNamespace pod) throws IOException {
        Set<InetAddress> addresses = new HashSet<>();
        try (Rtnetlink network = Rtnetlink.open(pod)) {
            for (IpFamily family : IpFamily.values()) {
                network.addresses().list(family).stream().map(LinkAddress::address).forEach(addresses::add);
            }
        }
        // Every pod has these, and they lead to no other one.
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
