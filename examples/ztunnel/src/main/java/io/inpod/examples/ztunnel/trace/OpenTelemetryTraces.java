package io.inpod.examples.ztunnel.trace;

import io.inpod.hbone.Header;
import io.inpod.hbone.TraceParent;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.spi.ConfigurationException;
import io.opentelemetry.sdk.resources.Resource;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Exports spans with the SDK of OpenTelemetry, as its standard variables (OTEL_...) say. Loaded only if that is wanted. */
public final class OpenTelemetryTraces implements Traces {
    private static final AttributeKey<String> SERVICE_NAME = AttributeKey.stringKey("service.name");
    private static final AttributeKey<String> NODE_NAME = AttributeKey.stringKey("k8s.node.name");
    private static final int DEFAULT_QUEUE = 2048;

    private final OpenTelemetrySdk sdk;
    private final Tracer tracer;
    private final WaitingSpans waiting;

    private OpenTelemetryTraces(OpenTelemetrySdk sdk, WaitingSpans waiting) {
        this.sdk = sdk;
        this.tracer = sdk.getTracer("io.inpod.ztunnel");
        this.waiting = waiting;
    }

    /**
     * Starts to export. Starts threads, so it must not be called in a pod's namespace.
     *
     * @param node the node's name; may be empty
     * @return the traces
     * @throws IllegalArgumentException naming a variable that can't be used
     */
    public static Traces open(String node) {
        SdkLog.toThisLog();
        WaitingSpans waiting = new WaitingSpans();
        try {
            return new OpenTelemetryTraces(AutoConfiguredOpenTelemetrySdk.builder().disableShutdownHook()
                    .addPropertiesSupplier(() -> Map.of("otel.exporter.otlp.protocol", "http/protobuf"))
                    .addPropertiesCustomizer(variables -> Map.of("otel.metrics.exporter", "none", "otel.logs.exporter", "none",
                            "otel.traces.exporter", "otlp"))
                    .addResourceCustomizer((resource, variables) -> named(resource, node))
                    .addSpanExporterCustomizer((exporter, variables) -> waiting.left(exporter))
                    .addSpanProcessorCustomizer((processor, variables) -> waiting.entered(processor,
                            variables.getInt("otel.bsp.max.queue.size", DEFAULT_QUEUE)))
                    .build().getOpenTelemetrySdk(), waiting);
        } catch (ConfigurationException | IllegalStateException e) {
            throw new IllegalArgumentException("traces can't be exported: " + e.getMessage(), e);
        }
    }

    private static Resource named(Resource resource, String node) {
        AttributesBuilder missing = Attributes.builder();
        String service = resource.getAttribute(SERVICE_NAME);
        if (service == null || service.startsWith("unknown_service")) {
            missing.put(SERVICE_NAME, "ztunnel");
        }
        if (!node.isEmpty() && resource.getAttribute(NODE_NAME) == null) {
            missing.put(NODE_NAME, node);
        }
        return resource.merge(Resource.create(missing.build()));
    }

    @Override
    public ConnectionTrace begin(boolean inbound, @Nullable TraceParent parent) {
        Context before = Context.root();
        if (parent != null) {
            before = before.with(Span.wrap(SpanContext.createFromRemoteParent(parent.traceId(), parent.parentId(),
                    TraceFlags.fromByte((byte) parent.flags()), TraceState.getDefault())));
        }
        Span span = tracer.spanBuilder(inbound ? "inbound connection" : "outbound connection").setParent(before)
                .setSpanKind(inbound ? SpanKind.SERVER : SpanKind.CLIENT).startSpan();
        return new ConnectionSpan(span);
    }

    @Override
    public List<Header> kept(List<Header> headers) {
        return TraceParent.of(headers).map(parent -> List.of(parent.header())).orElse(List.of());
    }

    @Override
    public long exported() {
        return waiting.exported();
    }

    @Override
    public long lost() {
        return waiting.lost();
    }

    @Override
    public void close(Duration patience) {
        sdk.getSdkTracerProvider().shutdown().join(patience.toMillis(), TimeUnit.MILLISECONDS);
    }
}
