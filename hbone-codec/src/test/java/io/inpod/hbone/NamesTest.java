package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.inpod.hbone.identity.SpiffeId;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SPIFFE IDs, authorities and headers are parsed strictly. */
class NamesTest {
    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.1:80", "[fd00::1]:15008", "app.ns.svc.cluster.local:1", "a_b:65535"})
    void authorities(String text) {
        assertThat(Authority.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ":80", "10.0.0.1", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:080", "10.0.0.1:+1", "fd00::1:80",
            "[10.0.0.1]:80", "[fd00::1%eth0]:80", "[fd00::1:80", "me@host:80", "-a:80", "a..b:80", "1.2.3:80", "010.0.0.1:80", "a b:80", "a/b:80",
            "[[fd00::1]]:80"})
    void notAuthorities(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Authority.parse(text));
    }

    @Test
    void addresses() {
        assertThat(Authority.of(new InetSocketAddress("fd00::1", 80))).hasToString("[fd00::1]:80");
        assertThat(Authority.parse("[fd00::1]:80").address()).isEqualTo(new InetSocketAddress("fd00::1", 80).getAddress());
        assertThat(Authority.parse("app:80").address()).isNull();
    }

    @Test
    void identities() {
        String uri = "spiffe://cluster.local/ns/default/sa/web-1";
        assertThat(SpiffeId.parse(uri)).isEqualTo(new SpiffeId("cluster.local", "default", "web-1")).hasToString(uri);
    }

    @Test
    void identitiesOfAnyPath() {
        SpiffeId web = SpiffeId.parseAnyPath("spiffe://td/region/eu/web");
        assertThat(web).isEqualTo(new SpiffeId("td", "/region/eu/web"));
        assertThat(web.isIstio()).isFalse();
        assertThatIllegalStateException().isThrownBy(web::namespace).withMessageContaining("spiffe://td/region/eu/web has no namespace");
        SpiffeId istio = SpiffeId.parseAnyPath("spiffe://td/ns/a.b/sa/c");
        assertThat(istio).isEqualTo(SpiffeId.parse("spiffe://td/ns/a.b/sa/c"));
        assertThat(istio.namespace()).isEqualTo("a.b");
        assertThat(istio.serviceAccount()).isEqualTo("c");
        String longest = "/" + "x".repeat(2048 - "spiffe://td/".length());
        assertThat(new SpiffeId("td", longest).toString()).hasSize(2048);
        assertThatIllegalArgumentException().isThrownBy(() -> new SpiffeId("td", longest + "x")).withMessageContaining("at most 2048 characters");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "spiffe://", "spiffe://td/ns/a/sa/", "spiffe://td/ns//sa/b", "spiffe://td/ns/a/sa/b/", "spiffe://td/ns/a/sa/b/c",
            "spiffe://td:80/ns/a/sa/b", "spiffe://TD/ns/a/sa/b", "SPIFFE://td/ns/a/sa/b", "spiffe://td/ns/a/sa/b?x", "spiffe://td/ns/a/sa/b#x",
            "spiffe://td/ns/../sa/b", "spiffe://td/ns/%61/sa/b", "https://td/ns/a/sa/b", "spiffe://td/sa/a/ns/b", "spiffe://u@td/ns/a/sa/b",
            "spiffe://td/ns/a/sa/b\n"})
    void notIdentities(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> SpiffeId.parse(text));
    }

    @Test
    void optionsOutOfRangeAreNamed() {
        assertThatIllegalArgumentException().isThrownBy(() -> HboneTimes.client().withPing(Duration.ZERO, Duration.ofSeconds(1)))
                .withMessage("pingInterval must be positive and at most a year (366 days): PT0S");
        assertThatIllegalArgumentException().isThrownBy(() -> HboneTimes.client().withMaxAge(Duration.ofDays(367))).withMessageStartingWith("maxAge must be");
        assertThatIllegalArgumentException().isThrownBy(() -> HboneOptions.client().withWindows(65_535, 65_534))
                .withMessage("connection must be 65535 to 536870912: 65534");
        assertThatIllegalArgumentException().isThrownBy(() -> HboneOptions.client().withMaxFrameSize(16_383)).withMessageStartingWith("maxFrame must be 16384 to ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Upper", ":method", "a b", "connection", "transfer-encoding", "te"})
    void notHeaders(String name) {
        assertThatIllegalArgumentException().isThrownBy(() -> new Header(name, "x"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\nb", "a\rb", "a\0b", " a", "a\t", "\u0100"})
    void notValues(String value) {
        assertThatIllegalArgumentException().isThrownBy(() -> new Header("name", value));
    }
}
