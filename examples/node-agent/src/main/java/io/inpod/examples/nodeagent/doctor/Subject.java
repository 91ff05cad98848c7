package io.inpod.examples.nodeagent.doctor;

import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A pod whose namespace is known.
 *
 * @param netns its namespace
 * @param names its names; null if nobody knows them
 * @param rules the rules that it should have
 * @param proxies the processes that serve it, as this process sees them; empty if they aren't known
 * @param known the addresses that the agent's source knows
 * @param node the node's namespace, in which there are rules for health probes; null if there are none
 * @param outside the namespace from which a connection to the pod is tried
 */
record Subject(NetworkNamespace netns, @Nullable WorkloadInfo names, PodRules rules, Set<Long> proxies, List<InetAddress> known,
        @Nullable NetworkNamespace node, NetworkNamespace outside) {
    Set<IpFamily> families() {
        Set<IpFamily> families = EnumSet.noneOf(IpFamily.class);
        rules.redirections().forEach(redirection -> families.add(redirection.family()));
        return families;
    }

    boolean tproxy() {
        return rules.redirections().stream().anyMatch(redirection -> redirection.profile() == Profile.TPROXY);
    }

    boolean dnsCapture() {
        return rules.redirections().stream().anyMatch(redirection -> redirection.dnsCapture());
    }

    boolean ingress() {
        return rules.redirections().stream().anyMatch(redirection -> redirection.ingress());
    }

    /** Returns a mark as {@code ip rule} writes it. */
    static String hex(int mark) {
        return "0x" + Integer.toHexString(mark);
    }

    /** Returns an address as RFC 5952 writes it. */
    static String text(InetAddress address) {
        return address.getHostAddress().replaceFirst("(^|:)0(:0)+(:|$)", "::");
    }

    /** Returns the addresses by which others reach the pod. */
    List<InetAddress> addresses() throws IOException {
        List<InetAddress> found = new ArrayList<>();
        try (Rtnetlink network = Rtnetlink.open(netns)) {
            for (IpFamily family : IpFamily.values()) {
                network.addresses().list(family).stream().map(address -> address.address())
                        .filter(address -> !address.isLoopbackAddress() && !address.isLinkLocalAddress()).forEach(found::add);
            }
        }
        return List.copyOf(found);
    }

    Optional<InetAddress> address(IpFamily family) throws IOException {
        return addresses().stream().filter(address -> IpFamily.of(address) == family).findFirst();
    }
}
