package io.inpod.examples.ztunnel.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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

        assertThat(config.server().roots()).isEqualTo(new ServerRoots.File(Path.of("./var/run/secrets/istio/root-cert.pem")));
        assertThat(config.server().token()).isEqualTo(new AuthToken.File(Path.of("./var/run/secrets/tokens/istio-token"), false));
        assertThat(config.lifetime()).isEqualTo(Duration.ofHours(24));
        assertThat(config.clusterId()).isEqualTo("Kubernetes");
        assertThat(config.server().otherName()).isEmpty();
        assertThat(config.server().headers()).isEmpty();
        assertThat(config.server().socket()).isNull();
    }

    @Test
    void readsEveryVariable() throws Exception {
        CaConfig config = config("CA_ADDRESS", "unix:///run/ca.sock", "CA_ROOT_CA", "SYSTEM", "AUTH_TOKEN", "a.b.c", "SECRET_TTL", "90m", "ISTIO_META_CLUSTER_ID", "west",
                "ALT_CA_HOSTNAME", "istiod", "CA_HEADER_X-Tenant", "one");

        assertThat(config.server().socket()).isEqualTo(Path.of("/run/ca.sock"));
        assertThat(config.server().roots()).isEqualTo(new ServerRoots.OfJava());
        assertThat(config.server().token()).isEqualTo(new AuthToken.Text("a.b.c"));
        assertThat(config.server().token().toString()).doesNotContain("a.b.c");
        assertThat(config.lifetime()).isEqualTo(Duration.ofMinutes(90));
        assertThat(config.clusterId()).isEqualTo("west");
        assertThat(config.server().otherName()).isEqualTo("istiod");
        assertThat(config.server().headers()).isEqualTo(Map.of("x-tenant", "one"));
        assertThat(config("AUTH_TOKEN", "/run/token").server().token()).isEqualTo(new AuthToken.File(Path.of("/run/token"), true));
        assertThat(config("CA_ROOT_CA", "-----BEGIN CERTIFICATE-----\n").server().roots()).isInstanceOf(ServerRoots.Text.class);
    }

    @Test
    void schemeAndPortMayBeLeftOut() throws Exception {
        assertThat(config("CA_ADDRESS", "istiod:15013").server()).returns("istiod", ControlPlane::host).returns(15013, ControlPlane::port);
        assertThat(config("CA_ADDRESS", "https://istiod").server().port()).as("Istio's").isEqualTo(15012);
        assertThat(config("CA_ADDRESS", "https://[::1]:15012/").server().host()).isEqualTo("::1");
        assertThat(config("CA_ADDRESS", "unix:/run/ca.sock").server().socket()).isEqualTo(Path.of("/run/ca.sock"));
    }

    @ParameterizedTest
    @CsvSource({"CA_ADDRESS, http://istiod:15010", "CA_ADDRESS, https://u@istiod:1", "CA_ADDRESS, https://istiod:1/path", "CA_ADDRESS, unix:ca.sock",
        "CA_ADDRESS, unix://host/ca.sock", "CA_ADDRESS, ''", "FAKE_CA, true", "SECRET_TTL, 0s", "SECRET_TTL, 500ms", "SECRET_TTL, 1d", "CA_ADDRESS, https://istiod:0",
        "CA_HEADER_A B, x", "CA_HEADER_A-BIN, x", "CA_HEADER_A, ü"})
    void refusesWhatItCantUseByName(String variable, String value) {
        assertThatThrownBy(() -> config(variable, value)).isInstanceOf(ConfigException.class).hasMessageContaining(variable);
    }
}
