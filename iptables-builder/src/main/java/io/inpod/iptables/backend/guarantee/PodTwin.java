package io.inpod.iptables.backend.guarantee;

import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.backend.internal.tools.KernelFamilies;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netlink.PolicyRule;
import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A pod that exists for a trial only, with a neighbour outside it and, if there are virtual interfaces, a machine nested in it. Its
 * addresses are those reserved for documentation (RFC 5737, RFC 3849).
 *
 * <pre>
 * nested 198.51.100.2 ── 198.51.100.1 pod 192.0.2.2 ── 192.0.2.1 outside
 * </pre>
 */
final class PodTwin implements AutoCloseable {
    private static final Path IPV6 = Path.of("/proc/sys/net/ipv6/conf");
    private static final List<String> OUTSIDE = List.of("192.0.2.1/24", "2001:db8::1/64");
    private static final List<String> POD = List.of("192.0.2.2/24", "2001:db8::2/64");
    private static final List<String> NEST = List.of("198.51.100.1/24", "2001:db8:1::1/64");
    private static final List<String> NESTED = List.of("198.51.100.2/24", "2001:db8:1::2/64");

    private final NetworkNamespace pod;
    private final NetworkNamespace outside;
    private final @Nullable NetworkNamespace nested;
    private final String uplink;
    private final String nest;

    private PodTwin(NetworkNamespace pod, NetworkNamespace outside, @Nullable NetworkNamespace nested, List<String> names) {
        this.pod = pod;
        this.outside = outside;
        this.nested = nested;
        this.uplink = names.contains("eth0") ? "uplink" : "eth0";
        this.nest = names.isEmpty() ? "" : names.get(0);
    }

    static PodTwin create(PodRules rules) throws IOException {
        List<String> names = rules.redirections().stream().flatMap(redirection -> redirection.virtualInterfaces().stream())
                .filter(name -> !name.equals("lo")).toList();
        NetworkNamespace pod = NetworkNamespace.create();
        NetworkNamespace outside = null;
        NetworkNamespace nested = null;
        try {
            outside = NetworkNamespace.create();
            nested = names.isEmpty() ? null : NetworkNamespace.create();
            PodTwin twin = new PodTwin(pod, outside, nested, names);
            twin.build(rules);
            return twin;
        } catch (IOException | RuntimeException e) {
            close(pod, outside, nested);
            throw e;
        }
    }

    private void build(PodRules rules) throws IOException {
        prepare(pod);
        prepare(outside);
        connect(pod, uplink, POD, outside, OUTSIDE);
        if (nested != null) {
            prepare(nested);
            connect(pod, nest, NEST, nested, NESTED);
            route(nested, NEST);
        }
        route(pod, OUTSIDE);
        route(outside, POD);
        try (Rtnetlink network = Rtnetlink.open(outside)) {
            for (InPodRedirection redirection : rules.redirections()) {
                network.addresses().add("lo", redirection.hostProbe(), redirection.family().bits());
            }
        }
    }

    /**
     * Gives the twin what decides over the fate of the original's packets besides rules: routing, settings, and the state of lo. Where the
     * original has switched IPv6 off, it has no packets of it, and only the rules can be tried.
     */
    void surroundingsOf(NetworkNamespace original) throws IOException {
        boolean ipv6 = SettingsCopy.hasIpv6(original);
        for (IpFamily family : IpFamily.values()) {
            if (!KernelFamilies.has(family)) {
                continue;
            }
            if (family == IpFamily.V4 || ipv6) {
                RoutingCopy.between(original, pod, family, outsideAddress(family));
            } else {
                try (Rtnetlink network = Rtnetlink.open(pod)) {
                    network.routes().add(route(family));
                    network.rules().add(rule(family));
                }
            }
        }
        SettingsCopy.between(original, pod, uplink, Set.of(nest));
        if (ipv6) {
            SettingsCopy.ofLoopback(original, pod);
        }
        try (Rtnetlink network = Rtnetlink.open(original); Rtnetlink copy = Rtnetlink.open(pod)) {
            if (!network.links().get("lo").up()) {
                copy.links().down("lo");
            }
        }
    }

    /** Whether a rule looks the mark of the app's answers up in a table that delivers everything to the pod. */
    boolean returns(IpFamily family) throws IOException {
        try (Rtnetlink network = Rtnetlink.open(pod)) {
            for (PolicyRule rule : network.rules().list(family)) {
                if (rule.mask() != 0 && (InPodConstants.TPROXY_MARK & rule.mask()) == rule.mark() && rule.table() != 0
                        && network.routes().list(family, rule.table()).stream()
                                .anyMatch(route -> route.type() == Route.Type.LOCAL && route.destination() == null)) {
                    return true;
                }
            }
            return false;
        }
    }

    /** The rule that the agreed policy routing has for a family. */
    static PolicyRule rule(IpFamily family) {
        return new PolicyRule(family, InPodConstants.RULE_PRIORITY, InPodConstants.TPROXY_MARK, InPodConstants.MARK_MASK,
                InPodConstants.ROUTING_TABLE);
    }

    /** The route that the agreed policy routing has for a family. */
    static Route route(IpFamily family) {
        return Route.localDefault(family, "lo", InPodConstants.ROUTING_TABLE);
    }

    /** Switches duplicate address detection off, so that IPv6 addresses can be used immediately. */
    private static void prepare(NetworkNamespace namespace) throws IOException {
        if (KernelFamilies.has(IpFamily.V6)) {
            namespace.<IOException>run(() -> {
                for (String scope : new String[] {"all", "default"}) {
                    Files.writeString(IPV6.resolve(scope).resolve("disable_ipv6"), "0");
                    Files.writeString(IPV6.resolve(scope).resolve("accept_dad"), "0");
                }
            });
        }
        try (Rtnetlink network = Rtnetlink.open(namespace)) {
            network.links().up("lo");
        }
    }

    private static void connect(NetworkNamespace pod, String name, List<String> addresses, NetworkNamespace peer,
            List<String> peerAddresses)
            throws IOException {
        try (Rtnetlink network = Rtnetlink.open(pod); Rtnetlink far = Rtnetlink.open(peer)) {
            network.links().createVeth(name, "peer0", peer);
            addresses(network, name, addresses);
            addresses(far, "peer0", peerAddresses);
        }
    }

    private static void addresses(Rtnetlink network, String name, List<String> addresses) throws IOException {
        network.links().up(name);
        for (String text : addresses) {
            int slash = text.indexOf('/');
            InetAddress address = IpPrefix.parse(text.substring(0, slash)).address();
            if (KernelFamilies.has(IpFamily.of(address))) {
                network.addresses().add(name, address, Integer.parseInt(text.substring(slash + 1)));
            }
        }
    }

    private static void route(NetworkNamespace namespace, List<String> gateways) throws IOException {
        try (Rtnetlink network = Rtnetlink.open(namespace)) {
            for (IpFamily family : IpFamily.values()) {
                if (KernelFamilies.has(family)) {
                    network.routes().add(Route.via(of(gateways, family)));
                }
            }
        }
    }

    private static InetAddress of(List<String> addresses, IpFamily family) {
        String text = addresses.get(family.ordinal());
        return IpPrefix.parse(text.substring(0, text.indexOf('/'))).address();
    }

    NetworkNamespace pod() {
        return pod;
    }

    NetworkNamespace outside() {
        return outside;
    }

    @Nullable
    NetworkNamespace nested() {
        return nested;
    }

    InetAddress podAddress(IpFamily family) {
        return of(POD, family);
    }

    InetAddress outsideAddress(IpFamily family) {
        return of(OUTSIDE, family);
    }

    private static void close(@Nullable NetworkNamespace... namespaces) {
        for (NetworkNamespace namespace : namespaces) {
            if (namespace != null) {
                namespace.close();
            }
        }
    }

    @Override
    public void close() {
        close(pod, outside, nested);
    }
}
