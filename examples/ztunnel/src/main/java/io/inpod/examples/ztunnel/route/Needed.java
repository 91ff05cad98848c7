package io.inpod.examples.ztunnel.route;

import io.inpod.examples.ztunnel.mesh.Endpoint;
import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.WeightedGateway;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a mesh that has only what was asked for may lack for a decision, by the names of {@link MeshState.Demand}. */
public final class Needed {
    /** Of Kubernetes: service.namespace.svc.domain. */
    private static final Pattern SERVICE = Pattern.compile("[^.]+\\.([^.]+)\\.svc(?:\\..*)?");

    private Needed() {}

    /**
     * Names what a client asks for, if the mesh doesn't have it.
     *
     * @param mesh the state of the mesh
     * @param source the client
     * @param target what it asks for
     * @return the name, or none
     */
    public static List<String> forTarget(Mesh mesh, Workload source, Target target) {
        if (target instanceof Target.Name name) {
            Matcher service = SERVICE.matcher(name.hostname());
            boolean isThere = !mesh.servicesNamed(name.hostname()).isEmpty() || !mesh.named(name.hostname()).isEmpty();
            String namespace = service.matches() ? service.group(1) : source.namespace();
            return isThere ? List.of() : List.of(new ServiceName(namespace, name.hostname()).toString());
        }
        InetAddress address = ((Target.Address) target).address();
        boolean isThere = speaksHbone(mesh, source, address) || !mesh.servicesAt(source.network(), address).isEmpty();
        return isThere ? List.of() : forPlaintext(source, address);
    }

    /**
     * Names an address to which a client would be connected in plaintext: a workload there that speaks HBONE may not have been asked for,
     * even if the mesh has another one there.
     *
     * @param source the client
     * @param address the address
     * @return the name, or none if the connection doesn't leave the pod
     */
    public static List<String> forPlaintext(Workload source, InetAddress address) {
        return address.isLoopbackAddress() ? List.of() : List.of(new NetworkAddress(source.network(), address).toString());
    }

    /**
     * Returns whether what the mesh has at an address is reached through a tunnel.
     *
     * @param mesh the state of the mesh
     * @param source the client
     * @param address the address
     * @return whether a workload there speaks HBONE
     */
    public static boolean speaksHbone(Mesh mesh, Workload source, InetAddress address) {
        return mesh.at(source.network(), address).filter(Workload::hbone).isPresent();
    }

    /**
     * Names the waypoints and the gateways of other networks on the way to what a client asks for, as far as the mesh doesn't have them.
     *
     * @param mesh the state of the mesh
     * @param source the client
     * @param target what it asks for
     * @return the names
     */
    public static Set<String> onTheWay(Mesh mesh, Workload source, Target target) {
        List<Service> services = new ArrayList<>();
        List<Workload> workloads = new ArrayList<>();
        if (target instanceof Target.Address to) {
            services.addAll(mesh.servicesAt(source.network(), to.address()));
            mesh.servicesAround(source.network(), to.address()).forEach(around -> services.add(around.service()));
            mesh.at(source.network(), to.address()).ifPresent(workloads::add);
        } else {
            services.addAll(mesh.servicesNamed(((Target.Name) target).hostname()));
            workloads.addAll(mesh.named(((Target.Name) target).hostname()));
        }
        Set<Gateway> gateways = new LinkedHashSet<>();
        for (Service service : services) {
            Waypoints.of(service).stream().map(WeightedGateway::gateway).forEach(gateways::add);
            for (Endpoint endpoint : mesh.endpoints(service.hostname())) {
                mesh.workload(endpoint.workloadUid()).map(Workload::networkGateway).ifPresent(gateways::add);
            }
        }
        for (Workload workload : workloads) {
            if (workload.waypoint() != null) {
                gateways.add(workload.waypoint());
            }
        }
        Set<String> names = new LinkedHashSet<>();
        gateways.stream().filter(gateway -> !isThere(mesh, gateway)).forEach(gateway -> names.add(gateway.destination().toString()));
        return names;
    }

    private static boolean isThere(Mesh mesh, Gateway gateway) {
        if (gateway.destination() instanceof NetworkAddress address) {
            return mesh.at(address.network(), address.address()).isPresent()
                    || !mesh.servicesAt(address.network(), address.address()).isEmpty();
        }
        ServiceName name = (ServiceName) gateway.destination();
        return mesh.service(name).isPresent() || !mesh.named(name.hostname()).isEmpty();
    }
}
