package io.inpod.examples.ztunnel.trace;

import io.inpod.examples.ztunnel.traffic.ResponseFlag;
import io.inpod.hbone.Header;
import io.inpod.hbone.TraceParent;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.StatusCode;
import java.net.InetSocketAddress;
import java.util.function.Supplier;

/** A span with the labels of Istio's TCP metrics, as far as they are known, and the addresses as OpenTelemetry names them. */
record ConnectionSpan(Span span) implements ConnectionTrace {
    @Override
    public Header parent() {
        SpanContext context = span.getSpanContext();
        return new TraceParent(context.getTraceId(), context.getSpanId(), context.getTraceFlags().asByte() & 0xff).header();
    }

    @Override
    public void end(Supplier<TracedConnection> connection) {
        if (span.isRecording()) {
            describe(connection.get());
        }
        span.end();
    }

    private void describe(TracedConnection connection) {
        connection.key().labels().forEach(label -> {
            if (!label.getValue().equals("unknown")) {
                span.setAttribute(label.getName(), label.getValue());
            }
        });
        address("source", connection.source());
        address("destination", connection.destination());
        span.setAttribute("network.transport", "tcp");
        if (connection.authority() != null) {
            span.setAttribute("hbone.authority", connection.authority());
        }
        if (connection.passedOver() > 0) {
            span.setAttribute("passed_over", connection.passedOver());
        }
        span.setAttribute("received_bytes", connection.fromClient());
        span.setAttribute("sent_bytes", connection.toClient());
        span.setAttribute("response_flags", connection.flag().toString());
        if (connection.flag() != ResponseFlag.NONE) {
            span.setAttribute("error.type", connection.flag().toString());
            span.setStatus(StatusCode.ERROR, connection.error() == null ? "" : connection.error());
        }
    }

    private void address(String end, InetSocketAddress address) {
        span.setAttribute(end + ".address", address.isUnresolved() ? address.getHostString() : address.getAddress().getHostAddress());
        span.setAttribute(end + ".port", address.getPort());
    }
}
