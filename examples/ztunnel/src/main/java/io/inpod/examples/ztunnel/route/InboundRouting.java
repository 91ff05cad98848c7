package io.inpod.examples.ztunnel.route;

import io.inpod.examples.ztunnel.mesh.ApplicationTunnel;
import io.inpod.examples.ztunnel.mesh.Endpoint;
import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.WeightedGateway;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.hbone.Authority;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.util.NetUtil;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides what a request means that has arrived in a tunnel at a pod. It reaches the pod's own app and nothing else; the authority may name
 * the pod's address, a service that the pod serves, or, at a waypoint, a service or workload whose waypoint the pod is.
 *
 * @param ownPorts the proxy's own ports, to which nothing is connected
 * @param toLoopback whether an app that is told about its clients is reached on the loopback interface
 */
public record InboundRouting(Set<Integer> ownPorts, boolean toLoopback) {
    private static final int BAD_REQUEST = 400;
    private static final int UNAVAILABLE = 503;

    /**
     * Decides.
     *
     * @param mesh the state of the mesh
     * @param self the pod
     * @param local the pod's address to which the tunnel was opened
     * @param authority what the request asks for
     * @param client the client's identity
     * @param trace is told each step
     * @return where the request goes
     */
    public InboundRoute route(Mesh mesh, Workload self, InetAddress local, Authority authority, SpiffeId client, Trace trace) {
        InetAddress asked = authority.address();
        return asked == null ? byName(mesh, self, local, authority, client, trace)
                : byAddress(mesh, self, local, new InetSocketAddress(asked, authority.port()), trace);
    }

    private InboundRoute byAddress(Mesh mesh, Workload self, InetAddress local, InetSocketAddress asked, Trace trace) {
        InetAddress address = asked.getAddress();
        if (address.equals(local)) {
            trace.step(() -> address.getHostAddress() + " is the pod's own address");
        } else if (self.applicationTunnel() != null) {
            trace.step(() -> "the app is a proxy itself, which accepts other addresses than the pod's");
        } else if (isWaypointOf(mesh, self, address)) {
            trace.step(() -> "the pod is the waypoint of " + address.getHostAddress());
        } else {
            return refused(BAD_REQUEST, "ip mismatch: " + NetUtil.toAddressString(local) + " != " + NetUtil.toAddressString(address),
                    trace);
        }
        if (!self.addresses().contains(local)) { // TPROXY also takes connections to addresses that only a route or ARP leads here
            return refused(BAD_REQUEST, "the destination is not an address of this pod", trace);
        }
        return toApp(self, local, asked.getPort(), asked, trace);
    }

    private static boolean isWaypointOf(Mesh mesh, Workload self, InetAddress address) {
        List<Service> services = mesh.servicesAt(self.network(), address);
        if (!services.isEmpty()) {
            return services.stream().anyMatch(service -> isWaypointOf(mesh, self, service));
        }
        Gateway ofWorkload = mesh.at(self.network(), address).map(Workload::waypoint).orElse(null);
        if (ofWorkload != null) {
            return Waypoints.includes(mesh, ofWorkload, self);
        }
        return mesh.servicesAround(self.network(), address).stream().anyMatch(found -> isWaypointOf(mesh, self, found.service()));
    }

    private static boolean isWaypointOf(Mesh mesh, Workload self, Service service) {
        return Waypoints.of(service).stream().anyMatch(waypoint -> Waypoints.includes(mesh, waypoint.gateway(), self));
    }

    private InboundRoute byName(Mesh mesh, Workload self, InetAddress local, Authority authority, SpiffeId client, Trace trace) {
        String hostname = authority.host().toLowerCase(Locale.ROOT);
        List<Service> named = mesh.servicesNamed(hostname).stream().filter(service -> service.isVisibleTo(self.namespace())).toList();
        if (named.isEmpty()) {
            return refused(UNAVAILABLE, "the mesh doesn't know the host " + hostname, trace);
        }
        Optional<Service> ours = named.stream()
                .filter(service -> Waypoints.serves(mesh, service.hostname(), self) || isWaypointOf(mesh, self, service))
                .min(Comparator.comparing((Service service) -> !service.namespace().equals(self.namespace()))
                        .thenComparing(service -> !service.canonical()).thenComparing(service -> service.hostname().toString()));
        if (ours.isEmpty()) {
            return refused(UNAVAILABLE, hostname + " is not a service of this pod", trace);
        }
        Service service = ours.get();
        boolean waypoint = isWaypointOf(mesh, self, service);
        trace.step(() -> "the pod " + (waypoint ? "is the waypoint of " : "serves ") + service.hostname());
        if (!waypoint && !isFromWaypoint(mesh, service, client)) {
            return refused(UNAVAILABLE, service.hostname() + " accepts only connections from its waypoint", trace);
        }
        if (!self.addresses().contains(local)) {
            return refused(BAD_REQUEST, "the destination is not an address of this pod", trace);
        }
        Integer port = port(mesh, service, self, authority.port());
        if (port == null) {
            return refused(UNAVAILABLE, service.hostname() + " has no port " + authority.port() + " at this pod", trace);
        }
        InetSocketAddress announced = announced(service, self, authority.port());
        if (announced == null && announces(self)) {
            return refused(UNAVAILABLE, service.hostname() + " has no address that the app could be told", trace);
        }
        return toApp(self, local, port, announced, trace);
    }

    /** What isn't bound to a waypoint accepts everybody, as far as policies allow. */
    private static boolean isFromWaypoint(Mesh mesh, Service service, SpiffeId client) {
        List<WeightedGateway> waypoints = Waypoints.of(service);
        return waypoints.isEmpty() || waypoints.stream().flatMap(waypoint -> Waypoints.workloads(mesh, waypoint.gateway()).stream())
                .anyMatch(workload -> workload.identity().equals(client));
    }

    private static @Nullable Integer port(Mesh mesh, Service service, Workload self, int servicePort) {
        Ports ports = self.services().get(service.hostname());
        Integer own = ports != null ? ports.target(servicePort)
                : mesh.endpoints(service.hostname()).stream().filter(endpoint -> endpoint.workloadUid().equals(self.uid()))
                        .map(Endpoint::ports).map(listed -> listed.target(servicePort)).filter(target -> target != null && target > 0)
                        .findFirst().orElse(null);
        Integer common = service.ports().target(servicePort);
        return own != null && own > 0 ? own : common == null || common == 0 ? null : common;
    }

    private static @Nullable InetSocketAddress announced(Service service, Workload self, int port) {
        return service.addresses().stream()
                .min(Comparator.comparing((NetworkAddress address) -> !address.network().equals(self.network()))
                        .thenComparing(address -> !(address.address() instanceof Inet4Address)))
                .map(address -> new InetSocketAddress(address.address(), port)).orElse(null);
    }

    private static boolean announces(Workload self) {
        return self.applicationTunnel() != null && self.applicationTunnel().protocol() == ApplicationTunnel.Protocol.PROXY;
    }

    private InboundRoute toApp(Workload self, InetAddress local, int asked, @Nullable InetSocketAddress announced, Trace trace) {
        int port = self.applicationPort().orElse(asked);
        if (ownPorts.contains(asked) || ownPorts.contains(port)) {
            return refused(UNAVAILABLE, "attempted recursive call to ourselves", trace);
        }
        InetAddress address = announces(self) && toLoopback ? loopback(local) : local;
        trace.step(() -> "the app is at " + address.getHostAddress() + " port " + port);
        return new InboundRoute.ToApp(new InetSocketAddress(address, port), new InetSocketAddress(local, port),
                announces(self) ? announced : null);
    }

    private static InetAddress loopback(InetAddress local) {
        return local instanceof Inet4Address ? NetUtil.LOCALHOST4 : NetUtil.LOCALHOST6;
    }

    private static InboundRoute refused(int status, String reason, Trace trace) {
        trace.step(() -> "refused with status " + status + ": " + reason);
        return new InboundRoute.Refused(status, reason);
    }
}
