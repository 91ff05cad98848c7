package io.inpod.hbone.opentelemetry;

import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.channel.Channel;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.util.AttributeKey;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.LongCounter;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.context.Context;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reports events to OpenTelemetry and passes them on: as metrics, and as a span for each tunnel that a server accepts. Both are listed in
 * the module's README; no attribute of a metric has more values than the protocol has codes, so that no peer can create time series. One
 * instance serves any number of clients and servers. Thread-safe.
 */
public final class HboneTelemetry implements HboneEvents {
    private static final String SCOPE = "io.inpod.hbone";
    private static final AttributeKey<Boolean> ACCEPTED = AttributeKey.valueOf(HboneTelemetry.class, "accepted");

    /** {@code since}: by {@link System#nanoTime()}. */
    private record OpenTunnel(SideMetrics side, long since, Span span) {}

    private final Attributes attributes;
    private final HboneEvents next;
    private final TunnelSpans spans;
    private final SideMetrics client;
    private final SideMetrics server;
    private final LongCounter connectionsFailed;
    private final LongCounter handshakesFailed;
    private final LongCounter requestsExpired;
    private final LongCounter handlersFailed;
    private final LongCounter resets;
    private final LongCounter goAways;
    private final Map<Channel, OpenTunnel> tunnels = new ConcurrentHashMap<>();

    /**
     * Reports without attributes of the caller's.
     *
     * @param telemetry where to; remains the caller's
     */
    public HboneTelemetry(OpenTelemetry telemetry) {
        this(telemetry, Attributes.empty(), HboneEvents.NONE);
    }

    /**
     * Reports with attributes.
     *
     * @param telemetry where to; remains the caller's
     * @param attributes are added to each metric and span
     * @param next receives all events too
     */
    public HboneTelemetry(OpenTelemetry telemetry, Attributes attributes, HboneEvents next) {
        this.attributes = Objects.requireNonNull(attributes, "attributes");
        this.next = Objects.requireNonNull(next, "next");
        Meter meter = telemetry.getMeter(SCOPE);
        this.spans = new TunnelSpans(telemetry.getTracer(SCOPE), telemetry.getPropagators().getTextMapPropagator(), attributes);
        this.client = new SideMetrics(meter, attributes.toBuilder().put("side", "client").build());
        this.server = new SideMetrics(meter, attributes.toBuilder().put("side", "server").build());
        this.connectionsFailed = meter.counterBuilder("hbone.connections.failed").build();
        this.handshakesFailed = meter.counterBuilder("hbone.handshakes.failed").build();
        this.requestsExpired = meter.counterBuilder("hbone.requests.expired").build();
        this.handlersFailed = meter.counterBuilder("hbone.handlers.failed").build();
        this.resets = meter.counterBuilder("hbone.resets").build();
        this.goAways = meter.counterBuilder("hbone.goaways").build();
    }

    /**
     * Returns headers for a request, from which the server knows the span that its own one belongs to.
     *
     * @param context the client's, mostly {@link Context#current()}
     * @return what the propagators of OpenTelemetry write, such as {@code traceparent}; empty without a span
     */
    public List<Header> headers(Context context) {
        return spans.headers(context);
    }

    @Override
    public void handshakeFailed(Channel connection, String reason) {
        handshakesFailed.add(1, attributes);
        next.handshakeFailed(connection, reason);
    }

    @Override
    public void connectionOpened(Channel connection, SpiffeId peer, boolean accepted) {
        connection.attr(ACCEPTED).set(accepted);
        side(connection).connectionOpened();
        next.connectionOpened(connection, peer, accepted);
    }

    @Override
    public void connectionClosed(Channel connection, String reason) {
        side(connection).connectionClosed();
        next.connectionClosed(connection, reason);
    }

    private SideMetrics side(Channel connection) {
        return Boolean.TRUE.equals(connection.attr(ACCEPTED).get()) ? server : client;
    }

    @Override
    public void connectionFailed(Channel connection, String reason) {
        connectionsFailed.add(1, attributes);
        next.connectionFailed(connection, reason);
    }

    @Override
    public void handlerFailed(Channel connection, Throwable cause) {
        handlersFailed.add(1, attributes);
        next.handlerFailed(connection, cause);
    }

    @Override
    public void requestExpired(Channel connection, Duration patience) {
        requestsExpired.add(1, attributes);
        next.requestExpired(connection, patience);
    }

    @Override
    public void tunnelOpened(TunnelChannel tunnel) {
        SideMetrics side = side(tunnel.parent());
        side.tunnelOpened();
        Span span = side == server ? spans.start(tunnel) : Span.getInvalid();
        tunnels.put(tunnel, new OpenTunnel(side, System.nanoTime(), span));
        next.tunnelOpened(tunnel);
    }

    @Override
    public void tunnelClosed(TunnelChannel tunnel, long received, long sent) {
        OpenTunnel open = tunnels.remove(tunnel);
        if (open != null) {
            open.side.tunnelClosed(Duration.ofNanos(System.nanoTime() - open.since), received, sent);
            TunnelSpans.end(open.span, received, sent);
        }
        next.tunnelClosed(tunnel, received, sent);
    }

    @Override
    public void streamReset(Channel connection, int stream, long errorCode, boolean byPeer) {
        count(resets, errorCode, byPeer);
        next.streamReset(connection, stream, errorCode, byPeer);
    }

    @Override
    public void goAway(Channel connection, int lastStream, long errorCode, boolean byPeer) {
        count(goAways, errorCode, byPeer);
        next.goAway(connection, lastStream, errorCode, byPeer);
    }

    private void count(LongCounter counter, long errorCode, boolean byPeer) {
        Http2Error known = Http2Error.valueOf(errorCode);
        String code = known == null ? "other" : known.name().toLowerCase(Locale.ROOT);
        counter.add(1, attributes.toBuilder().put("by", byPeer ? "peer" : "us").put("code", code).build());
    }

    @Override
    public @Nullable Consumer<String> frameLog(Channel connection) {
        return next.frameLog(connection);
    }
}
