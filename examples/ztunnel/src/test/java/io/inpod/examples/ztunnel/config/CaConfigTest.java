package io.inpod.examples.ztunnel.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CaConfigTest {
    private static CaConfig config(String... more) throws ConfigException {
        Map<String, String> environment = new HashMap<>(Map.of("CA_ADDRESS", "https://istiod.istio-system.svc:15012", "LOCAL_XDS", "workloads: []"));
        for (int i = 0; i < more.length; i += 2) {
            environment.put(more[i], more[i + 1]);
        }
        return Objects.requireNonNull(ProxyConfig.from(environment).ca());
    }

    @Test
    void defaultsAreThoseOfIstio() throws Exception {
        CaConfig config = config();

        assertThat(config.root()).isEqualTo(new CaRoot.File(Path.of("./var/run/secrets/istio/root-cert.pem")));
        assertThat(config.token()).isEqualTo(new CaToken.File(Path.of("./var/run/secrets/tokens/istio-token"), false));
        assertThat(config.lifetime()).isEqualTo(Duration.ofHours(24));
        assertThat(config.clusterId()).isEqualTo("Kubernetes");
        assertThat(config.hostname()).isNull();
        assertThat(config.headers()).isEmpty();
        assertThat(config.socket()).isNull();
    }

    @Test
    void readsEveryVariable() throws Exception {
        CaConfig config = config("CA_ADDRESS", "unix:///run/ca.sock", "CA_ROOT_CA", "SYSTEM", "AUTH_TOKEN", "a.b.c", "SECRET_TTL", "90m", "ISTIO_META_CLUSTER_ID", "west",
                "ALT_CA_HOSTNAME", "istiod", "CA_HEADER_X-Tenant", "one");

        assertThat(config.socket()).isEqualTo(Path.of("/run/ca.sock"));
        assertThat(config.root()).isEqualTo(new CaRoot.OfJava());
        assertThat(config.token()).isEqualTo(new CaToken.Text("a.b.c"));
        assertThat(config.token().toString()).doesNotContain("a.b.c");
        assertThat(config.lifetime()).isEqualTo(Duration.ofMinutes(90));
        assertThat(config.clusterId()).isEqualTo("west");
        assertThat(config.hostname()).isEqualTo("istiod");
        assertThat(config.headers()).isEqualTo(Map.of("x-tenant", "one"));
        assertThat(config("AUTH_TOKEN", "/run/token").token()).isEqualTo(new CaToken.File(Path.of("/run/token"), true));
        assertThat(config("CA_ROOT_CA", "-----BEGIN CERTIFICATE-----\n").root()).isInstanceOf(CaRoot.Text.class);
    }

    @Test
    void theSchemeMayBeLeftOut() throws Exception {
        assertThat(config("CA_ADDRESS", "istiod:15012").address()).isEqualTo(URI.create("https://istiod:15012"));
        assertThat(config("CA_ADDRESS", "https://[::1]:15012/").address().getHost()).isEqualTo("[::1]");
        assertThat(config("CA_ADDRESS", "unix:/run/ca.sock").socket()).isEqualTo(Path.of("/run/ca.sock"));
    }

    @ParameterizedTest
    @CsvSource({"CA_ADDRESS, http://istiod:15010", "CA_ADDRESS, https://istiod", "CA_ADDRESS, https://u@istiod:1", "CA_ADDRESS, https://istiod:1/path", "CA_ADDRESS, unix:ca.sock",
        "CA_ADDRESS, unix://host/ca.sock", "CA_ADDRESS, ''", "FAKE_CA, true", "SECRET_TTL, 0s", "SECRET_TTL, 500ms", "SECRET_TTL, 1d", "CA_HEADER_, x",
        "CA_HEADER_A B, x", "CA_HEADER_A-BIN, x", "CA_HEADER_A, ü"})
    void refusesWhatItCantUseByName(String variable, String value) {
        assertThatThrownBy(() -> config(variable, value)).isInstanceOf(ConfigException.class).hasMessageContaining(variable);
    }
}
