package io.inpod.examples.ztunnel;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Receives traces as a collector does: OTLP over HTTP. */
final class TraceReceiver implements AutoCloseable {
    final BlockingQueue<Received> spans = new LinkedBlockingQueue<>();
    /** One is taken for each request before it is answered. */
    final Semaphore answers = new Semaphore(1 << 20);
    volatile int status = 200;
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    /** A span with its own attributes and those of its resource. */
    record Received(Span span, Map<String, String> attributes, Map<String, String> resource) {
        String id() {
            return HexFormat.of().formatHex(span.getSpanId().toByteArray());
        }

        String parent() {
            return HexFormat.of().formatHex(span.getParentSpanId().toByteArray());
        }

        String trace() {
            return HexFormat.of().formatHex(span.getTraceId().toByteArray());
        }
    }

    TraceReceiver() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/v1/traces", this::receive);
        server.start();
    }

    String endpoint() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private void receive(HttpExchange exchange) throws IOException {
        try (exchange) {
            ExportTraceServiceRequest request = ExportTraceServiceRequest.parseFrom(exchange.getRequestBody());
            answers.acquireUninterruptibly();
            if (status == 200) {
                for (ResourceSpans resource : request.getResourceSpansList()) {
                    resource.getScopeSpansList().forEach(scope -> scope.getSpansList().forEach(span -> spans
                            .add(new Received(span, texts(span.getAttributesList()), texts(resource.getResource().getAttributesList())))));
                }
            }
            exchange.sendResponseHeaders(status, -1);
        }
    }

    private static Map<String, String> texts(List<KeyValue> attributes) {
        Map<String, String> texts = new HashMap<>();
        attributes.forEach(one -> texts.put(one.getKey(),
                one.getValue().hasIntValue() ? Long.toString(one.getValue().getIntValue()) : one.getValue().getStringValue()));
        return texts;
    }

    Received next() throws InterruptedException {
        Received span = spans.poll(30, TimeUnit.SECONDS);
        if (span == null) {
            throw new AssertionError("no span within 30 s");
        }
        return span;
    }

    @Override
    public void close() {
        answers.release(1 << 20);
        server.stop(0);
        threads.shutdownNow();
    }
}
