package io.inpod.examples.ztunnel.route;

import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.IpFamilies;
import io.inpod.examples.ztunnel.mesh.LoadBalancing;
import io.inpod.examples.ztunnel.mesh.LoadBalancing.Mode;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.WeightedGateway;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.route.EndpointChoice.Chosen;
import io.inpod.examples.ztunnel.route.EndpointChoice.Use;
import io.inpod.hbone.Authority;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.netns.InPodConstants;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Decides where the connections go that pods open. Thread-safe. */
public final class OutboundRouting {
    static final String HIDDEN = "the service is of a namespace that doesn't show it to the client's";
    static final String PASSTHROUGH_OFF = "the mesh doesn't know the destination, and passthrough is off";
    static final String ENROLLED =
            "the destination is an address of an enrolled pod that the mesh doesn't list; it must not be reached in plaintext";
    static final String WAYPOINT = "unknown waypoint";
    static final String GATEWAY = "unknown network gateway";
    static final String NO_ROUTE = "no valid routing destination";
    static final String NOT_A_TARGET = "not a destination";
    static final Set<String> FORBIDDEN = Set.of(HIDDEN, PASSTHROUGH_OFF, ENROLLED);
    /** How many endpoints behind gateways that can't be used are passed over. */
    private static final int MOST_PASSED_OVER = 4;

    private final boolean passthrough;
    private final Predicate<InetAddress> enrolled;

    /**
     * Creates it.
     *
     * @param passthrough whether connections to addresses that the mesh doesn't know go there, in plaintext
     * @param enrolled returns whether an address is that of a pod on this node whose traffic is encrypted, whatever the mesh knows
     */
    public OutboundRouting(boolean passthrough, Predicate<InetAddress> enrolled) {
        this.passthrough = passthrough;
        this.enrolled = enrolled;
    }

    /**
     * Decides where a connection goes.
     *
     * @param mesh the state of the mesh
     * @param source the client
     * @param target what it asks for
     * @param choice chance, and what has failed before
     * @param trace is told each step
     * @return where it goes
     */
    public OutboundRoute route(Mesh mesh, Workload source, Target target, Choice choice, Trace trace) {
        Question question = new Question(mesh, source, target, choice, trace);
        try {
            question.authority();
        } catch (IllegalArgumentException e) {
            return new OutboundRoute.Refused(NOT_A_TARGET, String.valueOf(e.getMessage()));
        }
        return target instanceof Target.Address to ? toAddress(question, to) : toName(question, ((Target.Name) target).hostname());
    }

    private OutboundRoute toAddress(Question question, Target.Address to) {
        Optional<Workload> workload = question.mesh().at(question.source().network(), to.address());
        Service service = ServiceLookup.at(question, to.address());
        if (service != null && (workload.isEmpty() || givesWay(workload.get(), service, to.port()))) {
            return toService(question, service);
        }
        if (workload.isPresent()) {
            question.trace().step(() -> to.address().getHostAddress() + " is an address of " + workload.get().uid());
            return toWorkload(question, workload.get(), to.address());
        }
        Service around = ServiceLookup.around(question, to.address());
        if (around != null) {
            return toService(question, around);
        }
        if (ServiceLookup.isHidden(question, to.address())) {
            return new OutboundRoute.Refused(HIDDEN, to.address().getHostAddress());
        }
        return passThrough(question, to);
    }

    /** Whether a service with exactly a workload's address decides; its ports may be others. A waypoint is never passed by. */
    private static boolean givesWay(Workload workload, Service service, int port) {
        boolean decides = !Waypoints.of(service).isEmpty()
                || service.loadBalancing().mode() != Mode.PASSTHROUGH && service.ports().target(port) != null;
        return workload.waypoint() == null && decides;
    }

    private OutboundRoute toName(Question question, String hostname) {
        Service service = ServiceLookup.named(question, hostname);
        if (service != null) {
            return toService(question, service);
        }
        Optional<Workload> workload = question.mesh().named(hostname).stream().min(
                Comparator.comparing((Workload w) -> !question.isNear(w)).thenComparing(w -> !w.hbone()).thenComparing(Workload::uid));
        if (workload.isPresent()) {
            question.trace().step(() -> hostname + " is " + workload.get().uid());
            List<InetAddress> addresses = workload.get().addresses();
            return toWorkload(question, workload.get(), AddressChoice.choose(addresses, IpFamilies.AUTOMATIC, question.example()));
        }
        Service covering = ServiceLookup.covering(question, hostname);
        if (covering != null) {
            return toService(question, covering);
        }
        return ServiceLookup.isHidden(question, hostname) ? new OutboundRoute.Refused(HIDDEN, hostname)
                : lookUp(question, hostname, null);
    }

    /** The addresses of a name that the mesh doesn't know may be known to it. */
    private OutboundRoute lookUp(Question question, String hostname, @Nullable Service service) {
        question.trace().step(() -> hostname + " is looked up");
        return new OutboundRoute.LookUp(hostname, null, service, service == null ? IpFamilies.AUTOMATIC : service.ipFamilies(), address -> {
            Target.Address to = new Target.Address(address, question.target().port());
            return toAddress(question.withTarget(to), to);
        });
    }

    private OutboundRoute passThrough(Question question, Target.Address to) {
        if (to.address().isLoopbackAddress()) {
            question.trace().step(() -> "the connection stays in the pod");
            return new OutboundRoute.Plaintext(new InetSocketAddress(to.address(), to.port()), null, null);
        }
        if (!passthrough && !enrolled.test(to.address())) {
            return new OutboundRoute.Refused(PASSTHROUGH_OFF, to.address().getHostAddress());
        }
        question.trace().step(() -> "the mesh doesn't know " + to.address().getHostAddress());
        return unlisted(to, null);
    }

    private OutboundRoute unlisted(Target.Address to, @Nullable Service service) {
        return enrolled.test(to.address()) ? new OutboundRoute.Refused(ENROLLED, to.address().getHostAddress())
                : new OutboundRoute.Plaintext(new InetSocketAddress(to.address(), to.port()), null, service);
    }

    private OutboundRoute toWorkload(Question question, Workload workload, @Nullable InetAddress address) {
        Gateway waypoint = workload.waypoint();
        if (waypoint != null && Waypoints.includes(question.mesh(), waypoint, question.source())) {
            question.trace().step(() -> "the client is its waypoint");
        } else if (waypoint != null) {
            return toWaypoint(question, waypoint, null);
        }
        if (!question.isNear(workload)) {
            return new OutboundRoute.Refused(NO_ROUTE, "without a service, " + workload.uid() + " in another network can't be reached");
        }
        return toEndpoint(question, new Chosen(workload, question.target().port()), address, null);
    }

    private OutboundRoute toService(Question question, Service service) {
        List<WeightedGateway> waypoints = Waypoints.of(service);
        if (waypoints.stream().anyMatch(waypoint -> Waypoints.includes(question.mesh(), waypoint.gateway(), question.source()))) {
            question.trace().step(() -> "the client is its waypoint");
        } else if (!waypoints.isEmpty()) {
            return toWaypoint(question, sample(question, waypoints), service);
        }
        if (service.loadBalancing().mode() == Mode.PASSTHROUGH) {
            question.trace().step(() -> service.hostname() + " leaves connections to the address that the client asked for");
            return question.target() instanceof Target.Address to ? unlisted(to, service)
                    : lookUp(question, ((Target.Name) question.target()).hostname(), service);
        }
        return toEndpointOf(question, service);
    }

    private static Gateway sample(Question question, List<WeightedGateway> waypoints) {
        long all = 0;
        for (WeightedGateway waypoint : waypoints) {
            all += LoadBalancing.share(waypoint.weight());
        }
        long at = question.choice().random().applyAsLong(all);
        long before = 0;
        for (WeightedGateway waypoint : waypoints) {
            before += LoadBalancing.share(waypoint.weight());
            if (at < before) {
                return waypoint.gateway();
            }
        }
        throw new IllegalStateException("the random number " + at + " is out of range");
    }

    private OutboundRoute toEndpointOf(Question question, Service service) {
        int port = question.target().port();
        OutboundRoute refused = null;
        Question asked = question;
        for (int i = 0; i < MOST_PASSED_OVER; i++) {
            Chosen chosen = EndpointChoice.choose(asked, service, port, Use.DESTINATION);
            if (chosen == null) {
                break;
            }
            Workload workload = chosen.workload();
            if (question.isNear(workload)) {
                return toEndpoint(asked, chosen,
                        AddressChoice.choose(workload.addresses(), service.ipFamilies(), question.example()), service);
            }
            OutboundRoute route = toOtherNetwork(asked, workload, service);
            if (!(route instanceof OutboundRoute.Refused)) {
                return route;
            }
            refused = refused == null ? route : refused;
            asked = asked.without(workload);
        }
        return refused != null ? refused
                : new OutboundRoute.Refused(EndpointChoice.whyNone(question, service, port, Use.DESTINATION),
                        service.hostname() + ":" + port);
    }

    private OutboundRoute toEndpoint(Question question, Chosen to, @Nullable InetAddress address, @Nullable Service service) {
        Workload workload = to.workload();
        if (address != null) {
            return direct(question, to, address, service);
        }
        if (workload.hostname().isEmpty()) {
            return new OutboundRoute.Refused(NO_ROUTE, workload.uid() + " has neither an address nor a hostname");
        }
        return new OutboundRoute.LookUp(workload.hostname(), workload, service,
                service == null ? IpFamilies.AUTOMATIC : service.ipFamilies(), at -> direct(question, to, at, service));
    }

    /** Without a tunnel only if no workload with that address speaks HBONE. */
    private OutboundRoute direct(Question question, Chosen to, InetAddress address, @Nullable Service service) {
        Workload wanted = to.workload();
        Optional<Workload> known = wanted.hbone() ? Optional.of(wanted) : question.mesh().at(wanted.network(), address);
        Workload workload = known.filter(Workload::hbone).orElse(wanted);
        InetSocketAddress app = new InetSocketAddress(address, to.port());
        if (workload.hbone()) {
            question.trace().step(() -> workload.uid() + " speaks HBONE");
            InetSocketAddress peer = new InetSocketAddress(address, InPodConstants.HBONE_PORT);
            return new OutboundRoute.Tunnel(new Hop(peer, Identities.of(workload, service), Authority.of(app)), workload, service);
        }
        if (known.isEmpty() && enrolled.test(address)) {
            return new OutboundRoute.Refused(ENROLLED, address.getHostAddress());
        }
        question.trace().step(() -> workload.uid() + " doesn't speak HBONE");
        return new OutboundRoute.Plaintext(app, workload, service);
    }

    private OutboundRoute toWaypoint(Question question, Gateway waypoint, @Nullable Service service) {
        GatewayLookup.Result result = GatewayLookup.find(question, waypoint, Use.WAYPOINT);
        if (result instanceof GatewayLookup.Missing missing) {
            return new OutboundRoute.Refused(WAYPOINT, waypoint + " (" + missing.reason() + ")");
        }
        GatewayLookup.Found found = (GatewayLookup.Found) result;
        if (!question.isNear(found.workload())) {
            return service == null
                    ? new OutboundRoute.Refused(NO_ROUTE,
                            "without a service, the waypoint " + waypoint + " in another network can't be reached")
                    : toOtherNetwork(question, found.workload(), service);
        }
        return found.route(service, at -> new OutboundRoute.ToWaypoint(found.hop(at, question.authority()), found.workload(), service));
    }

    private OutboundRoute toOtherNetwork(Question question, Workload workload, Service service) {
        Gateway gateway = workload.networkGateway();
        if (gateway == null) {
            return new OutboundRoute.Refused(NO_ROUTE, workload.uid() + " is in another network and has no gateway");
        }
        GatewayLookup.Result result = GatewayLookup.find(question, gateway, Use.GATEWAY);
        if (result instanceof GatewayLookup.Missing missing) {
            return new OutboundRoute.Refused(GATEWAY, gateway + " (" + missing.reason() + ")");
        }
        Set<SpiffeId> identities = Identities.of(service);
        if (identities.isEmpty()) {
            return new OutboundRoute.Refused(NO_ROUTE,
                    service.hostname() + " names no identities (subjectAltNames) of its endpoints in other networks");
        }
        Authority authority;
        try {
            String wildcard = question.target() instanceof Target.Name name ? name.hostname() : "*";
            String hostname = service.hostname().hostname();
            authority = new Authority(hostname.startsWith("*") ? wildcard : hostname, question.target().port());
        } catch (IllegalArgumentException e) {
            return new OutboundRoute.Refused(NO_ROUTE, service.hostname() + " is no name by which another network can be asked");
        }
        GatewayLookup.Found found = (GatewayLookup.Found) result;
        return found.route(service,
                at -> new OutboundRoute.OtherNetwork(found.hop(at, authority), authority, identities, found.workload(), service));
    }
}
