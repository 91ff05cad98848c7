package io.inpod.examples.ztunnel.route;

import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.GatewayDestination;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceBuilder;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.mesh.WorkloadBuilder;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Small meshes for decisions: their client is 10.0.0.1 in namespace default, and chance takes the first of what it may choose from. */
final class Meshes {
    static final String DENIED = "10.9.9.9";
    private final MeshChange change = Mesh.EMPTY.change();
    private WorkloadBuilder client = workload("client").addresses(List.of(ip("10.0.0.1"), ip("fd00::1")));
    private boolean passthrough = true;
    final List<String> steps = new ArrayList<>();

    static InetAddress ip(String text) {
        return NetUtil.createInetAddressFromIpAddressString(text);
    }

    static InetSocketAddress socket(String address, int port) {
        return new InetSocketAddress(ip(address), port);
    }

    static WorkloadBuilder workload(String name) {
        return Workload.builder("c//Pod/default/" + name, "default").name(name).serviceAccount("sa-" + name).node("node-1");
    }

    static WorkloadBuilder workload(String name, String... addresses) {
        return workload(name).addresses(List.of(addresses).stream().map(Meshes::ip).toList()).hbone(true);
    }

    /** An endpoint of "web.local" with the service's own port. */
    static WorkloadBuilder endpoint(String name, String... addresses) {
        return workload(name, addresses).services(Map.of(web(), Ports.NONE));
    }

    /** The service "web.local" at 10.96.0.1, port 80 of which is its endpoints' 8080. */
    static ServiceBuilder service() {
        return service("default", "web.local");
    }

    static ServiceBuilder service(String namespace, String hostname) {
        return Service.builder(namespace, hostname).addresses(vips("10.96.0.1")).ports(new Ports(Map.of(80, 8080)));
    }

    static List<NetworkAddress> vips(String... addresses) {
        return List.of(addresses).stream().map(address -> new NetworkAddress("", ip(address))).toList();
    }

    static ServiceName web() {
        return new ServiceName("default", "web.local");
    }

    static Gateway gateway(GatewayDestination destination) {
        return new Gateway(destination, 15008);
    }

    static Gateway gateway(String address) {
        return gateway(new NetworkAddress("", ip(address)));
    }

    Meshes with(WorkloadBuilder workload) {
        change.put(workload.build());
        return this;
    }

    Meshes with(ServiceBuilder service) {
        change.put(service.build());
        return this;
    }

    Meshes client(WorkloadBuilder other) {
        client = other;
        return this;
    }

    Meshes passthroughDenied() {
        passthrough = false;
        return this;
    }

    OutboundRoute to(String address, int port) {
        return to(new Target.Address(ip(address), port), firstOf());
    }

    OutboundRoute toName(String hostname, int port) {
        return to(new Target.Name(hostname, port), firstOf());
    }

    OutboundRoute to(Target target, Choice choice) {
        steps.clear();
        Workload source = client.build();
        Mesh mesh = change.put(source).build();
        Trace trace = step -> steps.add(step.get());
        return new OutboundRouting(passthrough, ip(DENIED)::equals).route(mesh, source, target, choice, trace);
    }

    static Choice firstOf() {
        return new Choice(Set.of(), bound -> 0);
    }

    static Choice lastOf() {
        return new Choice(Set.of(), bound -> bound - 1);
    }
}
