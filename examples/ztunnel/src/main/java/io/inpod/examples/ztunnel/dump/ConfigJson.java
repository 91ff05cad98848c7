package io.inpod.examples.ztunnel.dump;

import com.fasterxml.jackson.core.JsonGenerator;
import io.inpod.examples.ztunnel.config.CaConfig;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.config.XdsConfig;
import io.inpod.examples.ztunnel.dns.DnsSettings;
import io.inpod.netns.InPodConstants;
import io.inpod.tproxy.upstream.SpoofPolicy;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The configuration, with the keys of Istio's ztunnel where they mean the same, and the version. */
final class ConfigJson {
    private ConfigJson() {}

    static void write(JsonGenerator json, ProxyConfig config) throws IOException {
        String everywhere = config.ipv6() ? "[::]:" : "0.0.0.0:";
        DnsSettings dns = config.dns();
        json.writeStartObject();
        json.writeBooleanField("proxy", true);
        json.writeStringField("proxyMode", "Shared");
        json.writeStringField("inpodUds", config.uds().toString());
        json.writeBooleanField("inpodPortReuse", config.portReuse());
        json.writeNumberField("packetMark", config.mark());
        json.writeBooleanField("ipv6Enabled", config.ipv6());
        json.writeStringField("localNode", config.node());
        json.writeStringField("network", config.network());
        json.writeStringField("clusterId", config.clusterId());
        json.writeStringField("clusterDomain", dns == null ? null : dns.domain());
        json.writeStringField("preferedServiceNamespace",
                dns == null || dns.preferredNamespace().isEmpty() ? null : dns.preferredNamespace());
        json.writeBooleanField("dnsProxy", dns != null);
        json.writeBooleanField("localhostAppTunnel", config.localhostAppTunnel());
        json.writeBooleanField("requireOriginalSource", config.spoofing() == SpoofPolicy.REQUIRE);
        json.writeStringField("outboundAddr", everywhere + InPodConstants.OUTBOUND_PORT);
        json.writeStringField("inboundAddr", everywhere + InPodConstants.HBONE_PORT);
        json.writeStringField("inboundPlaintextAddr", everywhere + InPodConstants.INBOUND_PLAINTEXT_PORT);
        json.writeStringField("socks5Addr", config.socks5() ? "127.0.0.1:" + InPodConstants.SOCKS5_PORT : null);
        localhost(json, "adminAddr", config.adminPort());
        address(json, "statsAddr", everywhere + config.statsPort());
        address(json, "readinessAddr", everywhere + config.readinessPort());
        json.writeArrayFieldStart("illegalPorts");
        for (int port : config.ownPorts().stream().sorted().toList()) {
            json.writeNumber(port);
        }
        json.writeEndArray();
        json.writeNumberField("numWorkerThreads", config.workers());
        duration(json, "selfTerminationDeadline", config.terminationDeadline());
        duration(json, "connectDeadline", config.connectDeadline());
        duration(json, "workloadWait", config.workloadWait());
        json.writeNumberField("maxSockets", config.limits().sockets());
        json.writeNumberField("maxBufferBytes", config.limits().bufferBytes());
        json.writeNumberField("maxTcpBytes", config.limits().tcpBytes());
        json.writeBooleanField("passthrough", config.passthrough());
        json.writeStringField("localXdsPath", config.localXdsPath() == null ? null : config.localXdsPath().toString());
        controlPlane(json, config.xds(), config.ca());
        json.writeStringField("crlPath", config.crl() == null ? null : config.crl().toString());
        json.writeEndObject();
    }

    /** Where the mesh and the certificates come from. Never a token or a header. */
    private static void controlPlane(JsonGenerator json, @Nullable XdsConfig xds, @Nullable CaConfig ca) throws IOException {
        json.writeStringField("xdsAddress", xds == null ? null : xds.server().address());
        json.writeStringField("altXdsHostname", xds == null || xds.server().otherName().isEmpty() ? null : xds.server().otherName());
        json.writeBooleanField("xdsOnDemand", xds != null && xds.onDemand());
        json.writeStringField("caAddress", ca == null ? null : ca.server().address());
        json.writeStringField("altCaHostname", ca == null || ca.server().otherName().isEmpty() ? null : ca.server().otherName());
        json.writeBooleanField("fakeCa", ca == null);
        if (ca != null) {
            duration(json, "secretTtl", ca.lifetime());
        }
    }

    static void writeVersion(JsonGenerator json) throws IOException {
        String version = ConfigJson.class.getPackage().getImplementationVersion();
        json.writeObjectFieldStart("version");
        json.writeStringField("version", version == null ? "unknown" : version);
        json.writeStringField("istioVersion", "unknown");
        json.writeStringField("javaVersion", System.getProperty("java.version"));
        json.writeEndObject();
    }

    private static void localhost(JsonGenerator json, String name, int port) throws IOException {
        json.writeObjectFieldStart(name);
        json.writeArrayFieldStart("Localhost");
        json.writeBoolean(true);
        json.writeNumber(port);
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void address(JsonGenerator json, String name, String address) throws IOException {
        json.writeObjectFieldStart(name);
        json.writeStringField("SocketAddr", address);
        json.writeEndObject();
    }

    private static void duration(JsonGenerator json, String name, Duration duration) throws IOException {
        json.writeObjectFieldStart(name);
        json.writeNumberField("secs", duration.getSeconds());
        json.writeNumberField("nanos", duration.getNano());
        json.writeEndObject();
    }
}
