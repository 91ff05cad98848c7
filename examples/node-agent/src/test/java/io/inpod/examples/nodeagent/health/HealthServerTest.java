package io.inpod.examples.nodeagent.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class HealthServerTest {
    private final AtomicReference<Boolean> synced = new AtomicReference<>(false);

    @Test
    void namesWhatIsMissing() throws Exception {
        List<HealthCheck> live = List.of(new HealthCheck("reconciler", Optional::empty));
        List<HealthCheck> ready = List.of(HealthCheck.of("pods", synced::get, "not listed yet"), new HealthCheck("socket", Optional::empty));
        try (HealthServer server = HealthServer.start(new InetSocketAddress("127.0.0.1", 0), live, ready)) {
            assertThat(get(server, "/healthz").statusCode()).isEqualTo(200);
            HttpResponse<String> before = get(server, "/readyz");
            assertThat(before.statusCode()).isEqualTo(503);
            assertThat(before.body()).isEqualTo("pods: not listed yet\nsocket: ok\n");
            synced.set(true);
            assertThat(get(server, "/readyz").statusCode()).isEqualTo(200);
            assertThat(get(server, "/readyzandmore").statusCode()).isEqualTo(404);
            assertThat(get(server, "/").statusCode()).isEqualTo(404);
            synced.set(null); // a check that fails itself
            assertThat(get(server, "/readyz").body()).startsWith("pods: can't be checked: java.lang.NullPointerException");

            assertThatThrownBy(() -> HealthServer.start(server.address(), live, ready)).hasMessageContaining("--health");
        }
    }

    @Test
    void readsAddresses() throws IOException {
        assertThat(HealthOptions.parse("15021")).isEqualTo(new InetSocketAddress("127.0.0.1", 15021));
        assertThat(HealthOptions.parse("10.1.2.3:80")).isEqualTo(new InetSocketAddress("10.1.2.3", 80));
        assertThat(HealthOptions.parse("[fd00::1]:80")).isEqualTo(new InetSocketAddress("fd00::1", 80));
        for (String wrong : List.of("localhost:80", "", "1.2.3.4", "70000", "1.2.3.4:")) {
            assertThatThrownBy(() -> HealthOptions.parse(wrong)).hasMessageContaining("expected");
        }
    }

    private static HttpResponse<String> get(HealthServer server, String path) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + server.address().getPort() + path);
        return HttpClient.newHttpClient().send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    }
}
