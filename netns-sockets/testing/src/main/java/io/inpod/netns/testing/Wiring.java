package io.inpod.netns.testing;

import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The links, addresses and routes of a network. */
final class Wiring {
    private static final String INTERFACE = "eth0";
    private static final int LOCAL_TABLE = 255;
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(20);

    private final List<IpFamily> families = Files.exists(Path.of("/proc/net/if_inet6")) ? List.of(IpFamily.values()) : List.of(IpFamily.V4);
    private final List<Added> added = new ArrayList<>();

    private record Added(NetworkNamespace namespace, InetAddress address) {}

    /** Gives a node its bridge, and a link to the router if there is one. */
    void node(NetworkNamespace node, int index, @Nullable NetworkNamespace router) throws IOException {
        try (Rtnetlink links = Rtnetlink.open(node)) {
            links.links().up("lo");
            links.links().createBridge(PodNetwork.BRIDGE);
            links.links().up(PodNetwork.BRIDGE);
            address(links, node, PodNetwork.BRIDGE, Subnet.ofPods(index), Subnet.GATEWAY);
            if (router != null) {
                forward(node);
                forward(router);
                uplink(links, node, index, router);
            }
        }
    }

    private void uplink(Rtnetlink links, NetworkNamespace node, int index, NetworkNamespace router) throws IOException {
        String peer = "node" + index;
        Subnet subnet = Subnet.ofUplink(index);
        links.links().createVeth(PodNetwork.UPLINK, peer, router);
        links.links().up(PodNetwork.UPLINK);
        try (Rtnetlink there = Rtnetlink.open(router)) {
            there.links().up("lo");
            there.links().up(peer);
            address(there, router, peer, subnet, Subnet.GATEWAY);
            address(links, node, PodNetwork.UPLINK, subnet, Subnet.FIRST);
            for (IpFamily family : families) {
                links.routes().add(Route.via(subnet.address(family, Subnet.GATEWAY)));
                there.routes().add(Route.via(Subnet.ofPods(index).address(family, 0), Subnet.prefixLength(family),
                        subnet.address(family, Subnet.FIRST)));
            }
        }
    }

    /** Gives a pod its place in the network. */
    Pod describe(String name, NetworkNamespace namespace, int index, List<NetworkNamespace> nodes, PodProcesses processes) {
        int node = index % nodes.size();
        Subnet subnet = Subnet.ofPods(node);
        int host = Subnet.FIRST + index / nodes.size();
        return new Pod(name, namespace, nodes.get(node), "veth" + index, (Inet4Address) subnet.address(IpFamily.V4, host),
                families.contains(IpFamily.V6) ? (Inet6Address) subnet.address(IpFamily.V6, host) : null, processes);
    }

    /** Connects a pod to the bridge of its node. */
    void pod(Pod pod, int node) throws IOException {
        try (Rtnetlink links = Rtnetlink.open(pod.node()); Rtnetlink inside = Rtnetlink.open(pod.namespace())) {
            links.links().createVeth(pod.link(), INTERFACE, pod.namespace());
            links.links().setMaster(pod.link(), PodNetwork.BRIDGE);
            links.links().up(pod.link());
            inside.links().up("lo");
            inside.links().up(INTERFACE);
            for (InetAddress address : pod.addresses()) {
                IpFamily family = IpFamily.of(address);
                inside.addresses().add(INTERFACE, address, Subnet.prefixLength(family));
                added.add(new Added(pod.namespace(), address));
                inside.routes().add(Route.via(Subnet.ofPods(node).address(family, Subnet.GATEWAY)));
            }
        }
    }

    private void address(Rtnetlink links, NetworkNamespace namespace, String link, Subnet subnet, int host) throws IOException {
        for (IpFamily family : families) {
            links.addresses().add(link, subnet.address(family, host), Subnet.prefixLength(family));
            added.add(new Added(namespace, subnet.address(family, host)));
        }
    }

    private void forward(NetworkNamespace namespace) throws IOException {
        for (String setting : new String[] {"ipv4/ip_forward", "ipv6/conf/all/forwarding"}) {
            Path file = Path.of("/proc/sys/net", setting);
            if (Files.exists(file)) {
                namespace.<Object, IOException>call(() -> Files.writeString(file, "1", StandardOpenOption.WRITE));
            }
        }
    }

    /** Waits for the local routes of the IPv6 addresses, which the kernel adds in a work queue: until then they can't be reached. */
    void await() throws IOException {
        long deadline = System.nanoTime() + LIMIT_NANOS;
        for (Added each : added) {
            if (IpFamily.of(each.address()) == IpFamily.V6) {
                try (Rtnetlink links = Rtnetlink.open(each.namespace())) {
                    while (links.routes().list(IpFamily.V6, LOCAL_TABLE).stream()
                            .noneMatch(route -> each.address().equals(route.destination()))) {
                        if (System.nanoTime() - deadline > 0) {
                            throw new IOException("the kernel adds no local route for " + each.address() + " in " + each.namespace());
                        }
                        Thread.onSpinWait();
                    }
                }
            }
        }
    }
}
