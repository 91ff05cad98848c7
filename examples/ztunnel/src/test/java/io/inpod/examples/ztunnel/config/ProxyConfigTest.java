package io.inpod.examples.ztunnel.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.upstream.SpoofPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

public class ProxyConfigTest {
    /** Returns the minimal configuration with additional variables. */
    /** A configuration that can be used, with more variables in pairs of name and value. */
    public static ProxyConfig config(String... more) throws ConfigException {
        Map<String, String> environment = new HashMap<>(Map.of("FAKE_CA", "true", "LOCAL_XDS", "workloads: []"));
        for (int i = 0; i < more.length; i += 2) {
            environment.put(more[i], more[i + 1]);
        }
        return ProxyConfig.from(environment);
    }

    @Test
    void defaultsAreThoseOfIstio() throws Exception {
        ProxyConfig config = config();

        assertThat(config.uds()).isEqualTo(Path.of("/var/run/ztunnel/ztunnel.sock"));
        assertThat(config.portReuse()).isTrue();
        assertThat(config.mark()).isEqualTo(0x539);
        assertThat(config.ipv6()).isTrue();
        assertThat(config.socks5()).isFalse();
        assertThat(config.ownPorts()).containsExactlyInAnyOrder(15001, 15006, 15008);
        assertThat(config.spoofing()).isEqualTo(SpoofPolicy.REQUIRE);
        assertThat(config.node()).isEmpty();
        assertThat(config.network()).isEmpty();
        assertThat(config.clusterId()).isEqualTo("Kubernetes");
        assertThat(config.trustDomain()).isEqualTo("cluster.local");
        assertThat(config.keepalive()).isEqualTo(SocketOptions.NONE.withKeepalive(Duration.ofSeconds(180), Duration.ofSeconds(180), 9));
        assertThat(config.terminationDeadline()).isEqualTo(Duration.ofSeconds(5));
        assertThat(config.connectDeadline()).isEqualTo(Duration.ofSeconds(30));
        assertThat(config.readinessPort()).isEqualTo(15021);
        assertThat(config.statsPort()).isEqualTo(15020);
        assertThat(config.adminPort()).isEqualTo(15000);
        assertThat(config.workers()).isGreaterThanOrEqualTo(2);
    }

    @Test
    void readsEveryVariable() throws Exception {
        ProxyConfig config = config("INPOD_UDS", "/run/z.sock", "INPOD_PORT_REUSE", "false", "IPV6_ENABLED", "0", "UNSTABLE_ENABLE_SOCKS5", "True",
                "ENABLE_ORIG_SRC", "false", "NODE_NAME", "n", "NETWORK", "west", "CLUSTER_ID", "c", "TRUST_DOMAIN", "example.org",
                "KEEPALIVE_ENABLED", "false", "CONNECTION_TERMINATION_DEADLINE", "1500ms", "INPOD_CONNECT_DEADLINE", "2m",
                "TERMINATION_GRACE_PERIOD_SECONDS", "30", "ZTUNNEL_WORKER_THREADS", "3");

        assertThat(config.uds()).isEqualTo(Path.of("/run/z.sock"));
        assertThat(config.portReuse()).isFalse();
        assertThat(config.ipv6()).isFalse();
        assertThat(config.ownPorts()).containsExactlyInAnyOrder(15001, 15006, 15008, 15080);
        assertThat(config.spoofing()).isEqualTo(SpoofPolicy.NEVER);
        assertThat(config.node()).isEqualTo("n");
        assertThat(config.network()).isEqualTo("west");
        assertThat(config.clusterId()).isEqualTo("c");
        assertThat(config.trustDomain()).isEqualTo("example.org");
        assertThat(config.keepalive()).isEqualTo(SocketOptions.NONE);
        assertThat(config.terminationDeadline()).isEqualTo(Duration.ofMillis(1500));
        assertThat(config.connectDeadline()).isEqualTo(Duration.ofMinutes(2));
        assertThat(config.workers()).isEqualTo(3);
        assertThat(config("CLUSTER_ID", "c", "ISTIO_META_CLUSTER_ID", "d").clusterId()).isEqualTo("d");
    }

    @ParameterizedTest
    @CsvSource({"1337, 1337", "0x539, 1337", "0X539, 1337", "01337, 1337", "0x7ffff539, 2147480889"})
    void marksAreDecimalOrHexadecimal(String text, int mark) throws Exception {
        assertThat(config("PACKET_MARK", text).mark()).isEqualTo(mark);
    }

    /** As Istio's ztunnel does; there, 0 would be an enormous number. */
    @ParameterizedTest
    @CsvSource({"30, 25", "11, 6", "10, 9", "2, 1", "1, 1", "0, 1", "'', 5"})
    void connectionsEndBeforeTheGracePeriodDoes(String grace, int seconds) throws Exception {
        assertThat(config("TERMINATION_GRACE_PERIOD_SECONDS", grace).terminationDeadline()).isEqualTo(Duration.ofSeconds(seconds));
    }

    @ParameterizedTest
    @CsvSource({
        "PACKET_MARK, 0", "PACKET_MARK, 1", "PACKET_MARK, 99", "PACKET_MARK, -1", "PACKET_MARK, 0x100000000", "PACKET_MARK, 1337x", "PACKET_MARK, 0x-1", "PACKET_MARK, #539",
        "INPOD_PORT_REUSE, maybe", "IPV6_ENABLED, yes", "UNSTABLE_ENABLE_SOCKS5, on", "ENABLE_ORIG_SRC, auto", "INPOD_UDS, ''",
        "KEEPALIVE_TIME, 180", "KEEPALIVE_TIME, 0s", "KEEPALIVE_INTERVAL, 500ms", "KEEPALIVE_RETRIES, 0", "KEEPALIVE_RETRIES, 128",
        "CONNECTION_TERMINATION_DEADLINE, -5s", "TERMINATION_GRACE_PERIOD_SECONDS, 5s", "INPOD_CONNECT_DEADLINE, 0s", "INPOD_CONNECT_DEADLINE, 25h", "INPOD_READINESS_PORT, 65536", "INPOD_STATS_PORT, x", "INPOD_ADMIN_PORT, -1",
        "ZTUNNEL_WORKER_THREADS, 0", "ZTUNNEL_WORKER_THREADS, 50%", "TRUST_DOMAIN, a/b", "TRUST_DOMAIN, ''",
        "XDS_ADDRESS, http://istiod:15012", "XDS_ADDRESS, https://istiod:15012", "XDS_ADDRESS, unix:run", "CA_ADDRESS, https://istiod:15012", "COMPLIANCE_POLICY, fips-140-2", "COMPLIANCE_POLICY, PQC",
        "OTEL_TRACES_EXPORTER, zipkin", "OTEL_SDK_DISABLED, maybe",
        "PROXY_CONFIG, concurrency: 1", "PROXY_WORKLOAD_INFO, a/b/c", "PROXY_MODE, dedicated", "TLS12_ENABLED, maybe", "XDS_ON_DEMAND, true",
        "ISTIO_META_DNS_CAPTURE, maybe", "INPOD_PASSTHROUGH, maybe", "FAKE_CA, false", "LOCAL_XDS, ''", "LOCAL_XDS_PATH, /both"
    })
    void refusesWhatItCantUseByName(String variable, String value) {
        assertThatThrownBy(() -> config(variable, value)).isInstanceOf(ConfigException.class).hasMessageContaining(variable);
    }

    @Test
    void theMeshComesFromOneSourceAndOnDemandExcludesTheDnsProxy() throws Exception {
        String[] istiod = {"LOCAL_XDS", "", "XDS_ADDRESS", "https://[fd00::1]", "XDS_ON_DEMAND", "true"};
        XdsConfig xds = config(istiod).xds();
        assertThat(xds.onDemand()).isTrue();
        assertThat(xds.server().host()).isEqualTo("fd00::1");
        assertThat(xds.server().port()).isEqualTo(15012);
        assertThat(config("LOCAL_XDS", "", "KUBERNETES_SERVICE_HOST", "10.0.0.1").xds().server().address()).isEqualTo("https://istiod.istio-system.svc:15012");
        assertThat(config("KUBERNETES_SERVICE_HOST", "10.0.0.1").xds()).isNull();
        assertThat(config("LOCAL_XDS", "", "XDS_ADDRESS", "unix:/run/xds.sock").xds().server().socket()).isEqualTo(Path.of("/run/xds.sock"));

        assertThatThrownBy(() -> config("XDS_ADDRESS", "https://istiod:15012")).hasMessageContaining("XDS_ADDRESS").hasMessageContaining("LOCAL_XDS");
        assertThatThrownBy(() -> config("LOCAL_XDS", "", "XDS_ADDRESS", "", "KUBERNETES_SERVICE_HOST", "10.0.0.1")).hasMessageContaining("XDS_ADDRESS");
        assertThatThrownBy(() -> config("LOCAL_XDS", "", "XDS_ADDRESS", "https://a", "XDS_ON_DEMAND", "true", "ISTIO_META_DNS_CAPTURE", "true"))
                .hasMessageContaining("XDS_ON_DEMAND").hasMessageContaining("ISTIO_META_DNS_CAPTURE");
        for (String[] wrong : new String[][] {{"XDS_HEADER_grpc-x", "a"}, {"XDS_HEADER_X", "\n\u0001"}, {"ISTIO_METAJSON_X", "{"}, {"ISTIO_METAJSON_X", "1 2"}}) {
            assertThatThrownBy(() -> config("LOCAL_XDS", "", "XDS_ADDRESS", "https://a", wrong[0], wrong[1] + "\u0001")).isInstanceOf(ConfigException.class).hasMessageContaining(wrong[0]);
        }
    }

    @Test
    void emptyAndFalseMeanNotAskedFor() throws Exception {
        assertThat(config("XDS_ADDRESS", "", "CA_ADDRESS", "", "TLS12_ENABLED", "false", "PROXY_MODE", "Shared", "PACKET_MARK", "").mark()).isEqualTo(1337);
    }

    @Test
    void tracesAreExportedIfThereIsAnEndpointAndNothingSpeaksAgainstIt() throws Exception {
        assertThat(config().traces()).isFalse();
        assertThat(config("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318").traces()).isTrue();
        assertThat(config("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:4318/v1/traces").traces()).isTrue();
        assertThat(config("OTEL_TRACES_EXPORTER", "otlp").traces()).isTrue();
        assertThat(config("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318", "OTEL_TRACES_EXPORTER", "none").traces()).isFalse();
        assertThat(config("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318", "OTEL_SDK_DISABLED", "true").traces()).isFalse();
        assertThat(config("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc").traces()).as("nothing is exported").isFalse();
        assertThatThrownBy(() -> config("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"))
                .hasMessageContaining("OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf");
    }

    @Test
    void tls12ExcludesThePostQuantumPolicy() throws Exception {
        assertThat(config("TLS12_ENABLED", "true").tls12()).isTrue();
        assertThatThrownBy(() -> config("TLS12_ENABLED", "true", "COMPLIANCE_POLICY", "pqc")).hasMessageContaining("TLS12_ENABLED")
                .hasMessageContaining("COMPLIANCE_POLICY");
    }
}
