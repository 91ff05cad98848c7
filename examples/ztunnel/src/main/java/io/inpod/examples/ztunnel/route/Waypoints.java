package io.inpod.examples.ztunnel.route;

import io.inpod.examples.ztunnel.mesh.Endpoint;
import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.WeightedGateway;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Which workloads a waypoint consists of, seen from the side that receives. */
final class Waypoints {
    private Waypoints() {}

    /** Returns all waypoints among which a service's connections are divided. */
    static List<Gateway> of(Service service) {
        List<Gateway> gateways = new ArrayList<>();
        service.weightedWaypoints().stream().filter(weighted -> weighted.weight() > 0).map(WeightedGateway::gateway).forEach(gateways::add);
        if (gateways.isEmpty() && service.waypoint() != null) {
            gateways.add(service.waypoint());
        }
        return gateways;
    }

    /** Returns whether a workload is one of those that a waypoint consists of. */
    static boolean includes(Mesh mesh, Gateway waypoint, Workload workload) {
        if (waypoint.destination() instanceof NetworkAddress address) {
            return workload.has(address.network(), address.address())
                    || mesh.servicesAt(address.network(), address.address()).stream().anyMatch(service -> serves(mesh, service, workload));
        }
        ServiceName name = (ServiceName) waypoint.destination();
        return mesh.service(name).filter(service -> serves(mesh, service, workload)).isPresent()
                || workload.namespace().equals(name.namespace()) && workload.hostname().equals(name.hostname());
    }

    /** Returns whether a workload is an endpoint of a service. */
    static boolean serves(Mesh mesh, Service service, Workload workload) {
        return endpoints(mesh, service).anyMatch(endpoint -> endpoint.workloadUid().equals(workload.uid()));
    }

    static Stream<Endpoint> endpoints(Mesh mesh, Service service) {
        return mesh.endpoints(service.hostname()).stream();
    }

    /** Returns the workloads of a waypoint that the mesh knows. */
    static List<Workload> workloads(Mesh mesh, Gateway waypoint) {
        List<Service> services = new ArrayList<>();
        List<Workload> workloads = new ArrayList<>();
        if (waypoint.destination() instanceof NetworkAddress address) {
            services.addAll(mesh.servicesAt(address.network(), address.address()));
            mesh.at(address.network(), address.address()).ifPresent(workloads::add);
        } else {
            ServiceName name = (ServiceName) waypoint.destination();
            mesh.service(name).ifPresent(services::add);
            mesh.named(name.hostname()).stream().filter(workload -> workload.namespace().equals(name.namespace())).forEach(workloads::add);
        }
        services.forEach(service -> endpoints(mesh, service)
                .forEach(endpoint -> mesh.workload(endpoint.workloadUid()).ifPresent(workloads::add)));
        return workloads;
    }
}
