package io.inpod.benchmarks;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Telemetry;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;

/** A mesh of 50,000 workloads and 5,000 services with ten endpoints each, as state and as file. */
final class MeshSample {
    static final int WORKLOADS = 50_000;
    static final int SERVICES = 5_000;
    private static final int NAMESPACES = 100;
    private static final int NODES = 500;

    private MeshSample() {}

    static Mesh mesh() {
        MeshChange change = Mesh.EMPTY.change();
        for (int i = 0; i < WORKLOADS; i++) {
            change.put(workload(i, 0));
        }
        for (int i = 0; i < SERVICES; i++) {
            change.put(service(i, 8080));
        }
        return change.build();
    }

    static Workload workload(int i, int version) {
        int service = i % SERVICES;
        return Workload.builder("cluster1//v1/Pod/" + namespace(service) + "/web-" + i, namespace(service))
                .name("web-" + i).serviceAccount("web-" + service % 10).node("node-" + i % NODES).hbone(true)
                .addresses(List.of(address(10, i)))
                .telemetry(new Telemetry("deployment", "web-" + service, "web-" + service, "v" + version, "Kubernetes"))
                .services(Map.of(serviceName(service), new Ports(Map.of(80, 8080)))).build();
    }

    static Service service(int i, int target) {
        ServiceName name = serviceName(i);
        return Service.builder(name.namespace(), name.hostname()).name("web-" + i).addresses(List.of(vip(i)))
                .ports(new Ports(Map.of(80, target))).build();
    }

    static ServiceName serviceName(int i) {
        return new ServiceName(namespace(i), "web-" + i + "." + namespace(i) + ".svc.cluster.local");
    }

    static NetworkAddress vip(int i) {
        return new NetworkAddress("", address(172, i));
    }

    static InetAddress address(int first, int i) {
        try {
            return InetAddress.getByAddress(new byte[] {(byte) first, (byte) (i >> 16), (byte) (i >> 8), (byte) i});
        } catch (UnknownHostException e) {
            throw new AssertionError("the length is that of an address", e);
        }
    }

    private static String namespace(int service) {
        return "namespace-" + service % NAMESPACES;
    }

    /** Returns the same mesh as JSON, in which one workload has another version. */
    static String json(int changed) {
        StringBuilder text = new StringBuilder("{\"workloads\": [");
        for (int i = 0; i < WORKLOADS; i++) {
            Workload w = workload(i, i == changed ? 1 : 0);
            text.append(i == 0 ? "\n" : ",\n").append(String.format("""
                    {"uid": "%s", "name": "%s", "namespace": "%s", "serviceAccount": "%s", "node": "%s", "protocol": "HBONE",
                     "workloadIps": ["%s"], "workloadName": "%s", "canonicalName": "%s", "canonicalRevision": "%s",
                     "services": {"%s": {"80": 8080}}}""", w.uid(), w.name(), w.namespace(), w.serviceAccount(), w.node(),
                    w.addresses().get(0).getHostAddress(), w.telemetry().workloadName(), w.telemetry().canonicalName(),
                    w.telemetry().canonicalRevision(), serviceName(i % SERVICES)));
        }
        text.append("],\n\"services\": [");
        for (int i = 0; i < SERVICES; i++) {
            text.append(i == 0 ? "\n" : ",\n").append(String.format("""
                    {"name": "web-%d", "namespace": "%s", "hostname": "%s", "vips": ["%s"], "ports": {"80": 8080}}""", i, namespace(i),
                    serviceName(i).hostname(), vip(i)));
        }
        return text.append("]}\n").toString();
    }
}
