package io.inpod.examples.ztunnel.dump;

import com.fasterxml.jackson.core.JsonGenerator;
import io.inpod.examples.ztunnel.mesh.ApplicationTunnel;
import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.Locality;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A workload as Istio's ztunnel shows it. What it leaves out when it is empty is left out here. */
final class WorkloadJson {
    private WorkloadJson() {}

    static void write(JsonGenerator json, Workload workload) throws IOException {
        json.writeStartObject();
        fields(json, workload);
        json.writeEndObject();
    }

    /** As the configuration describes it: with the services that it names. */
    static void writeConfigured(JsonGenerator json, Workload workload) throws IOException {
        json.writeStartObject();
        fields(json, workload);
        json.writeObjectFieldStart("services");
        for (Map.Entry<ServiceName, Ports> service : workload.services().entrySet()) {
            ServiceJson.ports(json, service.getKey().toString(), service.getValue());
        }
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void fields(JsonGenerator json, Workload workload) throws IOException {
        json.writeStringField("uid", workload.uid());
        json.writeArrayFieldStart("workloadIps");
        for (InetAddress address : workload.addresses()) {
            json.writeString(NetUtil.toAddressString(address));
        }
        json.writeEndArray();
        gateway(json, "waypoint", workload.waypoint());
        gateway(json, "networkGateway", workload.networkGateway());
        json.writeStringField("protocol", workload.hbone() ? "HBONE" : "TCP");
        json.writeStringField("networkMode", workload.hostNetwork() ? "HostNetwork" : "Standard");
        unlessEmpty(json, "network", workload.network());
        json.writeStringField("name", workload.name());
        json.writeStringField("namespace", workload.namespace());
        json.writeStringField("trustDomain", workload.trustDomain());
        json.writeStringField("serviceAccount", workload.serviceAccount());
        unlessEmpty(json, "hostname", workload.hostname());
        json.writeStringField("workloadName", workload.telemetry().workloadName());
        json.writeStringField("workloadType", workload.telemetry().workloadType());
        json.writeStringField("canonicalName", workload.telemetry().canonicalName());
        json.writeStringField("canonicalRevision", workload.telemetry().canonicalRevision());
        json.writeStringField("clusterId", workload.telemetry().clusterId());
        json.writeStringField("node", workload.node());
        if (workload.nativeTunnel()) {
            json.writeBooleanField("nativeTunnel", true);
        }
        applicationTunnel(json, workload.applicationTunnel());
        locality(json, workload.locality());
        strings(json, "authorizationPolicies", workload.policies());
        json.writeStringField("status", workload.healthy() ? "Healthy" : "Unhealthy");
        json.writeNumberField("capacity", workload.capacity());
    }

    private static void applicationTunnel(JsonGenerator json, @Nullable ApplicationTunnel tunnel) throws IOException {
        if (tunnel != null) {
            json.writeObjectFieldStart("applicationTunnel");
            json.writeStringField("protocol", tunnel.protocol().name());
            if (tunnel.port() != null) {
                json.writeNumberField("port", tunnel.port());
            }
            json.writeEndObject();
        }
    }

    private static void locality(JsonGenerator json, Locality locality) throws IOException {
        if (!locality.equals(Locality.UNKNOWN)) {
            json.writeObjectFieldStart("locality");
            unlessEmpty(json, "region", locality.region());
            unlessEmpty(json, "zone", locality.zone());
            unlessEmpty(json, "subzone", locality.subzone());
            json.writeEndObject();
        }
    }

    static void gateway(JsonGenerator json, String name, @Nullable Gateway gateway) throws IOException {
        if (gateway != null) {
            json.writeObjectFieldStart(name);
            json.writeStringField("destination", gateway.destination().toString());
            json.writeNumberField("hboneMtlsPort", gateway.hbonePort());
            json.writeEndObject();
        }
    }

    static void strings(JsonGenerator json, String name, Iterable<String> values) throws IOException {
        if (values.iterator().hasNext()) {
            json.writeArrayFieldStart(name);
            for (String value : values) {
                json.writeString(value);
            }
            json.writeEndArray();
        }
    }

    static void unlessEmpty(JsonGenerator json, String name, String value) throws IOException {
        if (!value.isEmpty()) {
            json.writeStringField(name, value);
        }
    }
}
