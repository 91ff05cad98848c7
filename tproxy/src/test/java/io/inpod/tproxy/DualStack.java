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

/** Routes and rules for both families; the rules are loaded with the system's own tools. */
final class DualStack {
    static final PolicyRouting ROUTING = PolicyRouting.DEFAULT;

    /** Documentation addresses (RFC 5737, RFC 3849) that no interface has. */
    static final String ELSEWHERE_V4 = "198.51.100.7";
    static final String ELSEWHERE_V6 = "2001:db8::7";

    private DualStack() {}

    /** Routes traffic from the pods to addresses that no interface has through the last pod. */
    static void prepare(PodNetwork network) throws IOException {
        List<Pod> pods = network.pods();
        Pod last = pods.get(pods.size() - 1);
        for (Pod pod : pods.subList(0, pods.size() - 1)) {
            try (Rtnetlink inside = Rtnetlink.open(pod.namespace())) {
                inside.routes().add(Route.via(InetAddress.getByName("198.51.100.0"), 24, last.address()));
                inside.routes().add(Route.via(InetAddress.getByName("2001:db8::"), 64, last.address6()));
            }
        }
    }

    static InetAddress address(PodNetwork network, int pod, IpFamily family) throws IOException {
        return family == IpFamily.V4 ? network.pod(pod).address() : network.pod(pod).address6();
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
