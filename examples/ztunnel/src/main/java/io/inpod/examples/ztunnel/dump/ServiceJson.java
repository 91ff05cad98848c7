package io.inpod.examples.ztunnel.dump;

import com.fasterxml.jackson.core.JsonGenerator;
import io.inpod.examples.ztunnel.mesh.Endpoint;
import io.inpod.examples.ztunnel.mesh.IpFamilies;
import io.inpod.examples.ztunnel.mesh.LoadBalancing;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.NetworkBlock;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.WeightedGateway;
import java.io.IOException;
import java.util.Collection;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** A service with its endpoints, as Istio's ztunnel shows it. */
final class ServiceJson {
    private ServiceJson() {}

    /** With the endpoints that it names itself, and those that name it. */
    static void write(JsonGenerator json, Service service, Mesh mesh) throws IOException {
        write(json, service, mesh, mesh.endpoints(service.hostname()));
    }

    /** As the configuration describes it. */
    static void writeConfigured(JsonGenerator json, Service service, Mesh mesh) throws IOException {
        write(json, service, mesh, service.endpoints().values());
    }

    /** Writes the endpoints of a service that the mesh doesn't have, by the service's name. */
    static void writeMissing(JsonGenerator json, ServiceName service, Mesh mesh) throws IOException {
        endpoints(json, service.toString(), mesh.endpoints(service), mesh);
    }

    private static void write(JsonGenerator json, Service service, Mesh mesh, Collection<Endpoint> endpoints) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", service.name());
        json.writeStringField("namespace", service.namespace());
        json.writeStringField("hostname", service.hostname().hostname());
        json.writeArrayFieldStart("vips");
        for (NetworkAddress address : service.addresses()) {
            json.writeString(address.toString());
        }
        json.writeEndArray();
        cidrVips(json, service);
        ports(json, "ports", service.ports());
        endpoints(json, "endpoints", endpoints, mesh);
        json.writeArrayFieldStart("subjectAltNames");
        for (String name : service.subjectAltNames()) {
            json.writeString(name);
        }
        json.writeEndArray();
        WorkloadJson.gateway(json, "waypoint", service.waypoint());
        weightedWaypoints(json, service);
        loadBalancer(json, service.loadBalancing());
        if (service.ipFamilies() != IpFamilies.AUTOMATIC) {
            json.writeStringField("ipFamilies", switch (service.ipFamilies()) {
                case IPV4 -> "IPv4";
                case IPV6 -> "IPv6";
                default -> "Dual";
            });
        }
        json.writeBooleanField("canonical", service.canonical());
        json.writeStringField("visibility", service.ofNamespaceOnly() ? "Namespace" : "Public");
        json.writeEndObject();
    }

    private static void cidrVips(JsonGenerator json, Service service) throws IOException {
        if (!service.blocks().isEmpty()) {
            json.writeArrayFieldStart("cidrVips");
            for (NetworkBlock block : service.blocks()) {
                json.writeStartObject();
                json.writeStringField("network", block.network());
                json.writeStringField("cidr", block.block().toString());
                json.writeEndObject();
            }
            json.writeEndArray();
        }
    }

    private static void endpoints(JsonGenerator json, String name, Collection<Endpoint> endpoints, Mesh mesh) throws IOException {
        json.writeObjectFieldStart(name);
        Set<String> written = new HashSet<>(); // a workload that both sides name is there twice
        for (Endpoint endpoint : endpoints) {
            if (written.add(endpoint.workloadUid())) {
                json.writeObjectFieldStart(endpoint.workloadUid());
                json.writeStringField("workloadUid", endpoint.workloadUid());
                ports(json, "port", endpoint.ports());
                json.writeStringField("status", isHealthy(endpoint, mesh) ? "Healthy" : "Unhealthy");
                json.writeEndObject();
            }
        }
        json.writeEndObject();
    }

    private static boolean isHealthy(Endpoint endpoint, Mesh mesh) {
        return endpoint.healthy() && mesh.workload(endpoint.workloadUid()).map(workload -> workload.healthy()).orElse(true);
    }

    static void ports(JsonGenerator json, String name, Ports ports) throws IOException {
        json.writeObjectFieldStart(name);
        for (Map.Entry<Integer, Integer> port : ports.targets().entrySet()) {
            json.writeNumberField(port.getKey().toString(), port.getValue());
        }
        json.writeEndObject();
    }

    private static void weightedWaypoints(JsonGenerator json, Service service) throws IOException {
        if (!service.weightedWaypoints().isEmpty()) {
            json.writeArrayFieldStart("weightedWaypoints");
            for (WeightedGateway weighted : service.weightedWaypoints()) {
                json.writeStartObject();
                WorkloadJson.gateway(json, "destination", weighted.gateway());
                json.writeNumberField("weight", weighted.weight());
                json.writeEndObject();
            }
            json.writeEndArray();
        }
    }

    private static void loadBalancer(JsonGenerator json, LoadBalancing loadBalancing) throws IOException {
        if (!loadBalancing.equals(LoadBalancing.ANY)) {
            json.writeObjectFieldStart("loadBalancer");
            json.writeArrayFieldStart("routingPreferences");
            for (LoadBalancing.Scope scope : loadBalancing.preferences()) {
                json.writeString(capitalized(scope));
            }
            json.writeEndArray();
            json.writeStringField("mode", capitalized(loadBalancing.mode()));
            json.writeStringField("healthPolicy", loadBalancing.unhealthyToo() ? "AllowAll" : "OnlyHealthy");
            json.writeEndObject();
        }
    }

    /** Returns a word of Istio's: CLUSTER is Cluster. */
    static String capitalized(Enum<?> word) {
        return word.name().charAt(0) + word.name().substring(1).toLowerCase(Locale.ROOT);
    }
}
