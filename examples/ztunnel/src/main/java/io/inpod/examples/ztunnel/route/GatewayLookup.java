package io.inpod.examples.ztunnel.route;

import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.IpFamilies;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.route.EndpointChoice.Use;
import io.inpod.hbone.Authority;
import io.inpod.hbone.identity.SpiffeId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the workload behind the name or the address of a waypoint or of a network's gateway. Waypoints and gateways of what is found aren't
 * followed, so references that form a circle end.
 */
final class GatewayLookup {
    private GatewayLookup() {}

    /** What was found. */
    sealed interface Result permits Found, Missing {}

    /**
     * A workload that accepts tunnels.
     *
     * @param workload the workload
     * @param address its address, or null if its name has to be looked up
     * @param port the port at which it accepts tunnels
     * @param service the service that was named, or null
     */
    record Found(Workload workload, @Nullable InetAddress address, int port, @Nullable Service service) implements Result {
        Hop hop(InetAddress at, Authority authority) {
            Set<SpiffeId> identities = Identities.of(workload, service);
            return new Hop(new InetSocketAddress(at, port), identities, authority);
        }

        /** Makes a route to it, perhaps after its name has been looked up. */
        OutboundRoute route(@Nullable Service asked, OutboundRoute.Addressed then) {
            IpFamilies families = service == null ? IpFamilies.AUTOMATIC : service.ipFamilies();
            return address != null ? then.at(address) : new OutboundRoute.LookUp(workload.hostname(), workload, asked, families, then);
        }
    }

    /**
     * Nothing.
     *
     * @param reason why
     */
    record Missing(String reason) implements Result {}

    static Result find(Question question, Gateway gateway, Use use) {
        Result result = gateway.destination() instanceof NetworkAddress address ? at(question, address, gateway, use)
                : named(question, (ServiceName) gateway.destination(), gateway, use);
        if (result instanceof Found found) {
            question.trace()
                    .step(() -> (use == Use.WAYPOINT ? "its waypoint " : "its gateway ") + gateway + " is " + found.workload().uid());
        }
        return result;
    }

    private static Result at(Question question, NetworkAddress address, Gateway gateway, Use use) {
        Optional<Workload> workload = question.mesh().at(address.network(), address.address());
        if (workload.isPresent()) {
            return found(question, workload.get(), address.address(), gateway);
        }
        List<Service> services = question.mesh().servicesAt(address.network(), address.address());
        return services.isEmpty() ? new Missing("unknown") : ofService(question, services.get(0), gateway, use);
    }

    private static Result named(Question question, ServiceName name, Gateway gateway, Use use) {
        Optional<Service> service = question.mesh().service(name);
        if (service.isPresent()) {
            return ofService(question, service.get(), gateway, use);
        }
        for (Workload workload : question.mesh().named(name.hostname())) {
            if (name.namespace().isEmpty() || name.namespace().equals(workload.namespace())) {
                InetAddress address = AddressChoice.choose(workload.addresses(), IpFamilies.AUTOMATIC, question.example());
                return found(question, workload, address, gateway);
            }
        }
        return new Missing("unknown");
    }

    private static Result found(Question question, Workload workload, @Nullable InetAddress address, Gateway gateway) {
        return question.choice().failed().contains(workload.uid()) ? new Missing("unreachable")
                : new Found(workload, address, gateway.hbonePort(), null);
    }

    private static Result ofService(Question question, Service service, Gateway gateway, Use use) {
        EndpointChoice.Chosen chosen = EndpointChoice.choose(question, service, gateway.hbonePort(), use);
        if (chosen == null) {
            return new Missing(EndpointChoice.whyNone(question, service, gateway.hbonePort(), use));
        }
        Workload workload = chosen.workload();
        return new Found(workload, AddressChoice.choose(workload.addresses(), service.ipFamilies(), question.example()), chosen.port(),
                service);
    }
}
