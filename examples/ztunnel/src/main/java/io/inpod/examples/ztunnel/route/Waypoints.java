package io.inpod.examples.ztunnel.route;

import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.WeightedGateway;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.util.ArrayList;
import java.util.List;

/** Waypoints of services, and which workloads they consist of. */
final class Waypoints {
    private Waypoints() {}

    /** Returns all waypoints among which a service's connections are divided. */
    static List<WeightedGateway> of(Service service) {
        List<WeightedGateway> weighted = new ArrayList<>();
        for (WeightedGateway waypoint : service.weightedWaypoints()) {
            if (waypoint.weight() > 0) {
                weighted.add(waypoint);
            }
        }
        Gateway single = service.waypoint();
        return weighted.isEmpty() && single != null ? List.of(new WeightedGateway(single, 1)) : weighted;
    }

    /** Returns whether a workload is one of those that a waypoint consists of. */
    static boolean includes(Mesh mesh, Gateway waypoint, Workload workload) {
        if (waypoint.destination() instanceof NetworkAddress address) {
            return workload.has(address.network(), address.address()) || mesh.servicesAt(address.network(), address.address()).stream()
                    .anyMatch(service -> serves(mesh, service.hostname(), workload));
        }
        ServiceName name = (ServiceName) waypoint.destination();
        return serves(mesh, name, workload) || !workload.hostname().isEmpty() && workload.hostname().equals(name.hostname())
                && (name.namespace().isEmpty() || name.namespace().equals(workload.namespace()));
    }

    /** Returns whether a workload is an endpoint of a service. */
    static boolean serves(Mesh mesh, ServiceName service, Workload workload) {
        return mesh.endpoints(service).stream().anyMatch(endpoint -> endpoint.workloadUid().equals(workload.uid()));
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
        services.forEach(service -> mesh.endpoints(service.hostname())
                .forEach(endpoint -> mesh.workload(endpoint.workloadUid()).ifPresent(workloads::add)));
        return workloads;
    }
}
