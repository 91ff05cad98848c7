package io.inpod.examples.ztunnel.route;

import io.inpod.examples.ztunnel.mesh.Endpoint;
import io.inpod.examples.ztunnel.mesh.EndpointGroups;
import io.inpod.examples.ztunnel.mesh.LoadBalancing;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Which endpoint of a service a connection goes to. */
final class EndpointChoice {
    static final String NO_ENDPOINTS = "the service has no endpoints";
    static final String NO_PORT = "the service doesn't have that port";
    static final String NONE_HEALTHY = "no healthy upstream";

    private EndpointChoice() {}

    /** What the endpoint is for. */
    enum Use {
        /** It serves the client. */
        DESTINATION,
        /** It is a waypoint on the way. */
        WAYPOINT,
        /** It is the gateway of a network. */
        GATEWAY
    }

    /** An endpoint, and its app's port. */
    record Chosen(Workload workload, int port) {}

    /** Chooses among the best endpoints at random, in proportion to their capacity; null if there is none. */
    static @Nullable Chosen choose(Question question, Service service, int servicePort, Use use) {
        if (question.trace() == Trace.NONE) { // who wants to know each step also wants to know their number
            Chosen chosen = chooseInGroup(question, service, servicePort, use);
            if (chosen != null) {
                return chosen;
            }
        }
        return chooseAmongAll(question, service, servicePort, use);
    }

    /**
     * Looks at one endpoint of those that the client prefers. If just this one can't be used, all are looked at, which gives each of the
     * others the chances that it would have had at once.
     */
    private static @Nullable Chosen chooseInGroup(Question question, Service service, int servicePort, Use use) {
        EndpointGroups groups = question.mesh().groups(service.hostname()).orElse(null);
        EndpointGroups.Group group = groups == null ? null : groups.preferredBy(question.source());
        if (group == null) {
            return null;
        }
        EndpointGroups.Member member = group.at(question.choice().random().applyAsLong(group.capacity()));
        Workload workload = member.workload();
        boolean onlyTunnels = use == Use.DESTINATION && hasFailedTunnel(question, service);
        if (onlyTunnels && isInClear(question, workload) || !isUsable(question, service, member.endpoint(), workload, use)) {
            return null;
        }
        int port = port(service, member.endpoint(), workload, servicePort, use);
        return port == 0 ? null : new Chosen(workload, port);
    }

    private static @Nullable Chosen chooseAmongAll(Question question, Service service, int servicePort, Use use) {
        List<Chosen> best = new ArrayList<>();
        int bestRank = 0;
        long capacity = 0;
        Collection<Endpoint> endpoints = endpoints(question, service);
        boolean onlyTunnels = use == Use.DESTINATION && hasFailedTunnel(question, service);
        for (Endpoint endpoint : endpoints) {
            Workload workload = question.mesh().workload(endpoint.workloadUid()).orElse(null);
            if (workload == null || onlyTunnels && isInClear(question, workload)
                    || !isUsable(question, service, endpoint, workload, use)) {
                continue;
            }
            int port = port(service, endpoint, workload, servicePort, use);
            int rank = Preferences.rank(service.loadBalancing(), question.source(), workload);
            if (port == 0 || rank < bestRank) {
                continue;
            }
            if (rank > bestRank) {
                best.clear();
                bestRank = rank;
                capacity = 0;
            }
            best.add(new Chosen(workload, port));
            capacity += LoadBalancing.share(workload.capacity());
        }
        if (best.isEmpty()) {
            return null;
        }
        Chosen chosen = weighted(best, question.choice().random().applyAsLong(capacity));
        question.trace()
                .step(() -> (best.size() == 1 ? "the only endpoint that " : "of " + best.size() + " endpoints that ") + service.hostname()
                        + " prefers" + (best.size() == 1 ? " is " : ": ") + chosen.workload().uid() + ", port " + chosen.port());
        return chosen;
    }

    private static Chosen weighted(List<Chosen> candidates, long at) {
        long before = 0;
        for (Chosen candidate : candidates) {
            before += LoadBalancing.share(candidate.workload().capacity());
            if (at < before) {
                return candidate;
            }
        }
        throw new IllegalStateException("the random number " + at + " is out of range");
    }

    private static boolean hasFailedTunnel(Question question, Service service) {
        Set<String> failed = question.choice().failed();
        if (failed.isEmpty()) {
            return false;
        }
        Stream<String> ofService = service.endpoints().isEmpty()
                ? failed.stream().filter(uid -> question.mesh().isEndpoint(service.hostname(), uid))
                : endpoints(question, service).stream().map(Endpoint::workloadUid).filter(failed::contains);
        return ofService.anyMatch(uid -> question.mesh().workload(uid).filter(workload -> !isInClear(question, workload)).isPresent());
    }

    private static boolean isInClear(Question question, Workload workload) {
        return question.isNear(workload) && !workload.hbone();
    }

    /** Why there is none. */
    static String whyNone(Question question, Service service, int servicePort, Use use) {
        Collection<Endpoint> endpoints = endpoints(question, service);
        boolean known = endpoints.stream().anyMatch(e -> question.mesh().workload(e.workloadUid()).isPresent());
        boolean port = endpoints.stream().anyMatch(e -> {
            Optional<Workload> workload = question.mesh().workload(e.workloadUid());
            return workload.isPresent() && port(service, e, workload.get(), servicePort, use) != 0;
        });
        if (!known) {
            return service.ports().target(servicePort) == null && !service.ports().targets().isEmpty() ? NO_PORT : NO_ENDPOINTS;
        }
        return port ? NONE_HEALTHY : NO_PORT;
    }

    /** A workload that names the service may also be named by it; it is one endpoint nevertheless, and one "unhealthy" suffices. */
    private static Collection<Endpoint> endpoints(Question question, Service service) {
        Collection<Endpoint> all = question.mesh().endpoints(service.hostname());
        if (service.endpoints().isEmpty()) {
            return all;
        }
        Map<String, Endpoint> once = new LinkedHashMap<>();
        all.forEach(endpoint -> once.merge(endpoint.workloadUid(), endpoint, EndpointChoice::both));
        return once.values();
    }

    private static Endpoint both(Endpoint a, Endpoint b) {
        Map<Integer, Integer> ports = new HashMap<>(b.ports().targets());
        ports.putAll(a.ports().targets());
        return new Endpoint(a.workloadUid(), new Ports(ports), a.healthy() && b.healthy());
    }

    private static boolean isUsable(Question question, Service service, Endpoint endpoint, Workload workload, Use use) {
        boolean healthy = endpoint.healthy() && workload.healthy() || service.loadBalancing().unhealthyToo();
        if (!healthy || workload.capacity() == 0 || question.choice().failed().contains(workload.uid())) {
            return false;
        }
        if (use != Use.GATEWAY && !question.isNear(workload)) {
            return workload.networkGateway() != null;
        }
        return workload.addresses().isEmpty() ? !workload.hostname().isEmpty()
                : AddressChoice.choose(workload.addresses(), service.ipFamilies(), null) != null;
    }

    /**
     * The app's port, the workload's own before what the service says of it; 0 if there is none. The service must have the port, unless a
     * waypoint is told about its clients.
     */
    private static int port(Service service, Endpoint endpoint, Workload workload, int servicePort, Use use) {
        Integer common = service.ports().target(servicePort);
        boolean told = use == Use.WAYPOINT && workload.applicationTunnel() != null;
        if (common == null && !told) {
            return 0;
        }
        Integer own = workload.services().getOrDefault(service.hostname(), endpoint.ports()).target(servicePort);
        if (own != null && own != 0) {
            return own;
        }
        if (common != null && common != 0) {
            return common;
        }
        return told && workload.applicationPort().isPresent() ? servicePort : 0;
    }
}
