package io.inpod.hbone.opentelemetry;

import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapPropagator;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Spans of accepted tunnels. The parent of each is the span that the client's headers name. */
record TunnelSpans(Tracer tracer, TextMapPropagator propagator, Attributes attributes) {
    private static @Nullable String header(@Nullable List<Header> headers, String name) {
        String lower = name.toLowerCase(Locale.ROOT); // as HTTP/2 sends names
        return headers == null ? null : headers.stream().filter(h -> h.name().equals(lower)).map(Header::value).findFirst().orElse(null);
    }

    List<Header> headers(Context context) {
        List<Header> headers = new ArrayList<>();
        propagator.inject(context, headers, (list, name, value) -> headers.add(new Header(name.toLowerCase(Locale.ROOT), value)));
        return List.copyOf(headers);
    }

    Span start(TunnelChannel tunnel) {
        return tracer.spanBuilder("HBONE tunnel").setSpanKind(SpanKind.SERVER)
                .setParent(propagator.extract(Context.root(), tunnel.peerHeaders(), TunnelSpans::header))
                .setAllAttributes(attributes)
                .setAttribute("hbone.authority", tunnel.authority().toString())
                .setAttribute("hbone.peer", tunnel.peerIdentity().toString())
                .startSpan();
    }

    static void end(Span span, long received, long sent) {
        span.setAttribute("hbone.received", received);
        span.setAttribute("hbone.sent", sent);
        span.end();
    }
}
