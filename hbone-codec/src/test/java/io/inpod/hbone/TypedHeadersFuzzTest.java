package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.internal.connection.Fuzz;
import io.inpod.hbone.internal.connection.FuzzInput;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Random headers: strict parsers throw only what they document, lenient ones never throw, and an accepted value survives being written and parsed again. */
class TypedHeadersFuzzTest {
    @Test
    void typedHeaders() {
        int[] accepted = {0};
        int runs = Fuzz.run(input -> {
            accepted[0] += same(input.text("for=1.2.3.4", "for=\"10.0.0.1:80\";host=x.example;proto=https", "for=\"[fd00::1]:1\";by=_hidden, for=unknown",
                    "host=\"a\\\"b\"", "For=a;FOR=b", "x=y", ";,=\""), Forwarded::parse, all -> {
                        StringBuilder text = new StringBuilder();
                        all.forEach(f -> text.append(text.length() == 0 ? "" : ", ").append(f.header().value()));
                        return all.stream().anyMatch(f -> f.header().value().isEmpty()) ? "" : text.toString();
                    });
            accepted[0] += same(input.text("k=v", "k8s.cluster.name=c,k8s.namespace.name=n,region=eu", "a=1;p=2 , b = %20", "k=,=v", "k=v=w"),
                    Baggage::parse, b -> b.header().value());
            accepted[0] += same(input.text("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-more",
                    "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-00000000000000000000000000000000-0000000000000000-00"),
                    TraceParent::parse, t -> t.header().value());
            lenient(input);
        });
        if (runs > 1000) {
            assertThat(accepted[0]).as("accepted, in " + runs + " runs").isGreaterThan(runs / 2);
        }
    }

    /** Returns 1 if the value was accepted. */
    private static <T> int same(String text, Function<String, T> parse, Function<T, String> write) {
        T value;
        try {
            value = parse.apply(text);
        } catch (IllegalArgumentException e) {
            assertThat(e.getMessage()).matches("[\\x20-\\x7e]{1,300}");
            return 0;
        }
        String written = write.apply(value);
        if (!written.isEmpty()) {
            assertThat(parse.apply(written)).as(written).isEqualTo(value);
        }
        return 1;
    }

    /** Checks that lenient readers never throw, however many headers there are and whatever they contain. */
    private static void lenient(FuzzInput input) {
        List<Header> headers = new ArrayList<>();
        for (int i = input.random.nextInt(5); i >= 0; i--) {
            String name = List.of("forwarded", "baggage", "baggage", "traceparent", "x-forwarded-network").get(input.random.nextInt(5));
            StringBuilder value = new StringBuilder(input.text("k=v", "for=1.2.3.4", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "network-1"));
            int bad = 2 + input.random.nextInt(100);
            for (int members = input.random.nextInt(4) == 0 ? input.random.nextInt(200) : 0; members > 0; members--) {
                value.append(',').append(input.random.nextInt(bad) == 0 ? "no" : "k" + input.random.nextInt(1000) + "=v");
            }
            try {
                headers.add(new Header(name, value.toString()));
            } catch (IllegalArgumentException e) {
                // Such headers can't arrive over the wire either.
            }
        }
        assertThat(Forwarded.of(headers).flatMap(Forwarded::clientAddress)).isNotNull();
        Baggage baggage = Baggage.of(headers);
        assertThat(baggage.entries().size()).isLessThanOrEqualTo(64);
        assertThat(Baggage.cleaned(Map.of(input.text("k", "region"), input.text("v", "a b"))).header().value()).doesNotContain(" ", "\n");
        TraceParent.of(headers);
        ForwardedNetwork.of(headers).ifPresent(n -> assertThat(n.network()).matches("[!-~]{1,253}"));
    }
}
