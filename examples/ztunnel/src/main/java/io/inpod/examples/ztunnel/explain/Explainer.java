package io.inpod.examples.ztunnel.explain;

import io.inpod.examples.ztunnel.dns.MeshNames;
import io.inpod.examples.ztunnel.dns.NameAnswer;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.policy.Attempt;
import io.inpod.examples.ztunnel.policy.Authorization;
import io.inpod.examples.ztunnel.policy.Verdict;
import io.inpod.examples.ztunnel.route.Choice;
import io.inpod.examples.ztunnel.route.Hop;
import io.inpod.examples.ztunnel.route.InboundRoute;
import io.inpod.examples.ztunnel.route.InboundRouting;
import io.inpod.examples.ztunnel.route.OutboundRoute;
import io.inpod.examples.ztunnel.route.OutboundRouting;
import io.inpod.examples.ztunnel.route.Target;
import io.inpod.tproxy.CanonicalAddress;
import io.netty.util.NetUtil;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Explains connections.
 *
 * @param outbound decides where a client's connection goes
 * @param inbound decides what arrives in a tunnel at a pod
 * @param names finds names as the DNS proxy does, or null if there is none
 */
public record Explainer(OutboundRouting outbound, InboundRouting inbound, @Nullable MeshNames names) {
    /** How many endpoints of a service are explained. */
    static final int MOST_WAYS = 16;
    private static final int MOST_TRIES = 256;

    /**
     * Explains a connection.
     *
     * @param mesh the state of the mesh
     * @param from the client
     * @param host the address or name that its app connects to
     * @param port the port that its app connects to
     * @return the ways that it may take, at least one: several if there are several endpoints
     */
    public List<Way> explain(Mesh mesh, Workload from, String host, int port) {
        List<String> first = new ArrayList<>();
        Target target = target(mesh, from, host, port, first);
        if (target == null) {
            return List.of(new Way(first, false, host + " has no address for this pod"));
        }
        List<Way> ways = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        Chances chances = new Chances();
        Choice choice = new Choice(Set.of(), chances);
        long weight = 1;
        for (int i = 0; i < MOST_TRIES && ways.size() < MOST_WAYS && (i == 0 || chances.advance(weight)); i++) {
            List<String> steps = new ArrayList<>(first);
            OutboundRoute route = outbound.route(mesh, from, target, choice, text -> steps.add(text.get()));
            String uid = endpoint(route);
            weight = uid == null ? 1 : mesh.workload(uid).map(Workload::capacity).orElse(1L);
            if (seen.add(uid == null ? "" : uid)) {
                ways.add(way(mesh, from, route, steps));
            }
        }
        return ways;
    }

    /** An app looks names up before it connects, so the proxy sees the address that the DNS proxy has answered. */
    private @Nullable Target target(Mesh mesh, Workload from, String host, int port, List<String> steps) {
        InetAddress literal = NetUtil.createInetAddressFromIpAddressString(host);
        if (literal != null) {
            return new Target.Address(CanonicalAddress.of(literal), port);
        }
        Optional<NameAnswer> answer = names == null ? Optional.empty() : names.find(mesh, from, host);
        if (answer.isEmpty()) {
            steps.add(names == null ? "names are decided as by SOCKS5: the DNS proxy is off" : "the DNS proxy doesn't know " + host);
            return new Target.Name(host, port);
        }
        List<InetAddress> addresses = answer.get().addresses();
        steps.add("the DNS proxy answers " + host + " with " + (addresses.isEmpty() ? "no address" : texts(addresses)));
        return addresses.isEmpty() ? null : new Target.Address(addresses.get(0), port);
    }

    private static String texts(List<InetAddress> addresses) {
        return String.join(", ", addresses.stream().map(InetAddress::getHostAddress).toList());
    }

    private static @Nullable String endpoint(OutboundRoute route) {
        if (route instanceof OutboundRoute.Tunnel tunnel) {
            return tunnel.workload().uid();
        }
        if (route instanceof OutboundRoute.Plaintext plain && plain.workload() != null) {
            return plain.workload().uid();
        }
        if (route instanceof OutboundRoute.OtherNetwork other) {
            return other.through().uid();
        }
        return route instanceof OutboundRoute.ToWaypoint waypoint ? waypoint.waypoint().uid() : null;
    }

    private Way way(Mesh mesh, Workload from, OutboundRoute route, List<String> steps) {
        if (route instanceof OutboundRoute.Refused refused) {
            return new Way(steps, false, "refused by the client's ztunnel: " + refused.message());
        }
        if (route instanceof OutboundRoute.LookUp lookUp) {
            return new Way(steps, true, "to the address of " + lookUp.hostname() + ", which is looked up when a connection comes");
        }
        if (route instanceof OutboundRoute.Plaintext plain) {
            return new Way(steps, true, "in plaintext to " + text(plain.destination())
                    + (plain.workload() == null ? "" : " (" + plain.workload().uid() + ")"));
        }
        if (route instanceof OutboundRoute.OtherNetwork other) {
            return new Way(steps, true, "through a tunnel within a tunnel, by the gateway " + text(other.gateway().peer()) + " ("
                    + other.through().uid() + "), to " + other.authority() + " in another network, which decides further");
        }
        if (route instanceof OutboundRoute.ToWaypoint waypoint) {
            return tunnel(mesh, from, waypoint.hop(), waypoint.waypoint(), steps, "the waypoint " + waypoint.waypoint().uid(),
                    ", which decides further");
        }
        OutboundRoute.Tunnel tunnel = (OutboundRoute.Tunnel) route;
        return tunnel(mesh, from, tunnel.hop(), tunnel.workload(), steps, tunnel.workload().uid(), "");
    }

    private Way tunnel(Mesh mesh, Workload from, Hop hop, Workload to, List<String> steps, String name, String further) {
        steps.add("a tunnel to " + text(hop.peer()) + " asks for " + hop.authority());
        Trace trace = text -> steps.add("at " + to.uid() + ": " + text.get());
        InboundRoute arrives = inbound.route(mesh, to, hop.peer().getAddress(), hop.authority(), from.identity(), trace);
        if (arrives instanceof InboundRoute.Refused refused) {
            return new Way(steps, false, "refused by " + name + " with status " + refused.status() + ": " + refused.reason());
        }
        InboundRoute.ToApp app = (InboundRoute.ToApp) arrives;
        InetAddress source = source(from, hop.peer().getAddress());
        Verdict verdict = Authorization.decide(mesh, to, new Attempt(source, from.identity(), app.policyAddress()), trace);
        return verdict.allowed()
                ? new Way(steps, true, "through a tunnel to " + text(app.app()) + " (" + name + ")" + further)
                : new Way(steps, false, "denied by " + name + ": " + verdict.reason());
    }

    /** The client's address of the same family, if it has one. */
    private static InetAddress source(Workload from, InetAddress peer) {
        boolean ipv4 = peer instanceof Inet4Address;
        return from.addresses().stream().filter(address -> address instanceof Inet4Address == ipv4).findFirst()
                .orElseGet(() -> from.addresses().isEmpty() ? peer : from.addresses().get(0));
    }

    private static String text(InetSocketAddress address) {
        return NetUtil.toSocketAddressString(address);
    }
}
