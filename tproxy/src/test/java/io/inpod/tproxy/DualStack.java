package io.inpod.tproxy;

import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Adds IPv6 addresses to pods, and loads the same rules for both families with the system's own tools. */
final class DualStack {
    static final PolicyRouting ROUTING = PolicyRouting.DEFAULT;

    /** Documentation addresses (RFC 5737, RFC 3849) that no interface has. */
    static final String ELSEWHERE_V4 = "198.51.100.7";
    static final String ELSEWHERE_V6 = "2001:db8::7";

    private DualStack() {}

    /** Gives pod n the address fd77::(n + 2), and routes all other traffic through the last pod. */
    static void prepare(PodNetwork network) throws IOException {
        List<Pod> pods = network.pods();
        for (int i = 0; i < pods.size(); i++) {
            try (Rtnetlink inside = Rtnetlink.open(pods.get(i).namespace())) {
                inside.addresses().add("eth0", v6(i), 64);
            }
            awaitLocal(pods.get(i).namespace(), v6(i));
        }
        // A reply is routed once before the rules mark it; without any route it would be dropped there.
        InetAddress router = InetAddress.getByName("fd77::1");
        try (Rtnetlink node = Rtnetlink.open(network.node())) {
            node.addresses().add(PodNetwork.BRIDGE, router, 64);
        }
        for (Pod pod : pods) {
            try (Rtnetlink inside = Rtnetlink.open(pod.namespace())) {
                inside.routes().add(Route.via(router));
            }
        }
        int last = pods.size() - 1;
        for (Pod pod : pods.subList(0, last)) {
            try (Rtnetlink inside = Rtnetlink.open(pod.namespace())) {
                inside.routes().add(Route.via(InetAddress.getByName("198.51.100.0"), 24, pods.get(last).address()));
                inside.routes().add(Route.via(InetAddress.getByName("2001:db8::"), 64, v6(last)));
            }
        }
    }

    /** Waits for the local route of an address, which the kernel adds in a work queue. Until then the address counts as a neighbour's. */
    private static void awaitLocal(NetworkNamespace namespace, InetAddress address) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!Tool.run(namespace, "ip", "-6", "route", "get", address.getHostAddress()).startsWith("local")) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("the kernel added no local route for " + address);
            }
        }
    }

    static InetAddress v6(int pod) throws IOException {
        return InetAddress.getByName("fd77::" + (pod + 2));
    }

    static InetAddress address(PodNetwork network, int pod, IpFamily family) throws IOException {
        return family == IpFamily.V4 ? network.pod(pod).address() : v6(pod);
    }

    static InetAddress elsewhere(IpFamily family) throws IOException {
        return InetAddress.getByName(family == IpFamily.V4 ? ELSEWHERE_V4 : ELSEWHERE_V6);
    }

    /** Loads rules for both families. */
    static void restore(NetworkNamespace namespace, String... lines) throws IOException {
        Path file = Files.createTempFile("rules", ".txt");
        try {
            Files.write(file, new ArrayList<>(List.of(lines)));
            Tool.run(namespace, "iptables-restore", file.toString());
            Tool.run(namespace, "ip6tables-restore", file.toString());
        } finally {
            Files.delete(file);
        }
    }
}
