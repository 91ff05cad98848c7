package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TypedHeadersTest {
    @Test
    void forwarded() {
        Forwarded v4 = Forwarded.of(new InetSocketAddress("10.88.0.2", 4711));
        assertThat(v4.header()).isEqualTo(new Header("forwarded", "for=\"10.88.0.2:4711\""));
        assertThat(v4.withHost("app.default.svc.cluster.local").header().value())
                .isEqualTo("for=\"10.88.0.2:4711\";host=app.default.svc.cluster.local");
        Forwarded v6 = Forwarded.of(new InetSocketAddress("fd00::2", 80));
        assertThat(v6.header().value()).isEqualTo("for=\"[fd00::2]:80\"");
        assertThat(v6.clientAddress()).contains(new InetSocketAddress("fd00::2", 80));
        assertThat(Forwarded.of(List.of(new Header("x", "y"), v4.header()))).contains(v4);
    }

    /** The examples of RFC 7239 section 4. */
    @Test
    void forwardedExamples() {
        assertThat(Forwarded.parse("for=\"_gazonk\"")).containsExactly(new Forwarded("_gazonk", null, null, null));
        assertThat(Forwarded.parse("For=\"[2001:db8:cafe::17]:4711\"").get(0).clientAddress()).contains(new InetSocketAddress("2001:db8:cafe::17", 4711));
        assertThat(Forwarded.parse("for=192.0.2.60;proto=http;by=203.0.113.43"))
                .containsExactly(new Forwarded("192.0.2.60", "203.0.113.43", null, "http"));
        assertThat(Forwarded.parse("for=192.0.2.43, for=198.51.100.17")).hasSize(2);
        assertThat(Forwarded.parse("for=\"a\\\"b\";secret=x")).containsExactly(new Forwarded("a\"b", null, null, null));
        Forwarded quoted = new Forwarded("a\\b\"c", null, "x y", null);
        assertThat(Forwarded.parse(quoted.header().value())).containsExactly(quoted);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "for", "for=", "for=\"x", "for=a;for=b", "for=a;", "for=a,", "for=a b", ";for=a", "for=a:1", "f or=a", "for=a for=b"})
    void notForwarded(String value) {
        assertThatIllegalArgumentException().isThrownBy(() -> Forwarded.parse(value));
        assertThat(Forwarded.of(List.of(new Header("forwarded", value)))).isEmpty();
    }

    @Test
    void baggage() {
        Map<String, String> entries = new LinkedHashMap<>();
        entries.put(Baggage.CLUSTER, "Kubernetes");
        entries.put(Baggage.NAMESPACE, "default");
        entries.put(Baggage.SERVICE, "");
        entries.put(Baggage.VERSION, "a,b;c\n\u00e4");
        Baggage baggage = Baggage.cleaned(entries);
        assertThat(baggage.header()).isEqualTo(new Header("baggage", "k8s.cluster.name=Kubernetes,k8s.namespace.name=default,service.version=a_b_c__"));
        assertThat(Baggage.parse(baggage.header().value())).isEqualTo(baggage);
        assertThat(Baggage.parse("a = b ;secret, c=").entries()).containsExactly(Map.entry("a", "b"), Map.entry("c", ""));
        assertThat(Baggage.of(List.of(new Header("baggage", "a=1,,=,b,c=2"), new Header("baggage", "d=\"x\",e=3"))).entries())
                .containsExactly(Map.entry("a", "1"), Map.entry("c", "2"), Map.entry("e", "3"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "=b", "a=b,", "a b=c", "a=b c", "a=\"b\"", "a=b\\"})
    void notBaggage(String value) {
        assertThatIllegalArgumentException().isThrownBy(() -> Baggage.parse(value));
    }

    @Test
    void tooMuchBaggageIsCutForReadersAndRefusedForWriters() {
        StringBuilder many = new StringBuilder("k=v");
        for (int i = 0; i < 1000; i++) {
            many.append(",k").append(i).append("=v");
        }
        assertThat(Baggage.of(List.of(new Header("baggage", many.toString()))).entries()).hasSizeBetween(60, 64);
        String none = ",".repeat(30);
        assertThat(Baggage.of(List.of(new Header("baggage", none + many))).entries()).as("some are no entries").hasSizeBetween(60, 64);
        assertThat(Baggage.of(List.of(new Header("baggage", "a=1,b=" + "x".repeat(60_000)))).entries()).containsExactly(Map.entry("a", "1"));
        assertThatIllegalArgumentException().isThrownBy(() -> Baggage.parse(many.toString()));
        assertThatIllegalArgumentException().isThrownBy(() -> new Baggage(Map.of("a", "x".repeat(9000))));
        assertThat(Baggage.cleaned(Map.of("a", "x".repeat(9000), "b c", "d", "e", "f")).entries()).containsExactly(Map.entry("e", "f"));
    }

    @Test
    void traceParent() {
        String text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        TraceParent parsed = TraceParent.parse(text);
        assertThat(parsed).isEqualTo(new TraceParent("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1));
        assertThat(parsed.header()).isEqualTo(new Header("traceparent", text));
        assertThat(TraceParent.parse("cc" + text.substring(2) + "-what-the-future-brings")).isEqualTo(parsed);
        TraceParent random = TraceParent.random();
        assertThat(TraceParent.of(List.of(random.header()))).contains(random);
        assertThat(TraceParent.of(List.of(random.header(), random.header()))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "0000af7651916cd43dd8448eb211c80319c0b7ad6b7169203331001",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x"})
    void notTraceParents(String value) {
        assertThatIllegalArgumentException().isThrownBy(() -> TraceParent.parse(value));
        assertThat(TraceParent.of(List.of(new Header("traceparent", value)))).isEmpty();
    }

    @Test
    void forwardedNetwork() {
        ForwardedNetwork network = new ForwardedNetwork("network-1");
        assertThat(network.header()).isEqualTo(new Header("x-forwarded-network", "network-1"));
        assertThat(network.is("Network-1")).isTrue();
        assertThat(network.is("network-2")).isFalse();
        assertThat(ForwardedNetwork.of(List.of(network.header()))).contains(network);
        assertThat(ForwardedNetwork.of(List.of(new Header("x-forwarded-network", "a b")))).isEmpty();
        assertThat(ForwardedNetwork.of(List.of(new Header("x-forwarded-network", "")))).isEmpty();
        assertThatIllegalArgumentException().isThrownBy(() -> new ForwardedNetwork("a b"));
    }

    /** Lenient readers never throw and never take long, whatever the header contains. */
    @Test
    void hostileValues() {
        Random random = new Random(7);
        String alphabet = "for=\"\\;,:[]= \t-0a\u00ff%";
        for (int i = 0; i < 20_000; i++) {
            StringBuilder value = new StringBuilder();
            int length = i % 100 == 0 ? 20_000 : random.nextInt(40);
            while (value.length() < length) {
                value.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            String stripped = value.toString().strip();
            List<Header> headers = new ArrayList<>();
            for (String name : List.of("forwarded", "baggage", "traceparent", "x-forwarded-network")) {
                headers.add(new Header(name, stripped));
            }
            Forwarded.of(headers).ifPresent(f -> f.clientAddress());
            assertThat(Baggage.of(headers).entries().size()).isLessThanOrEqualTo(64);
            TraceParent.of(headers);
            ForwardedNetwork.of(headers);
        }
        assertThat(Forwarded.of(List.of(new Header("forwarded", "for=\"" + "\\a".repeat(30_000))))).isEmpty();
        assertThat(Forwarded.of(List.of(new Header("forwarded", "for=a" + ",for=a".repeat(10_000))))).isEmpty();
    }
}
