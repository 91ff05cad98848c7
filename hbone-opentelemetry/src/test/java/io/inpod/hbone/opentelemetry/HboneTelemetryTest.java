package io.inpod.hbone.opentelemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.Authority;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelRequest;
import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.client.Connector;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.server.HboneServer;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.data.HistogramPointData;
import io.opentelemetry.sdk.metrics.data.LongPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.data.PointData;
import io.opentelemetry.sdk.testing.exporter.InMemoryMetricReader;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class HboneTelemetryTest {
    private static final SpiffeId CLIENT = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/client");
    private static final SpiffeId SERVER = SpiffeId.parse("spiffe://cluster.local/ns/b/sa/server");

    private final InMemoryMetricReader reader = InMemoryMetricReader.create();
    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
    private final OpenTelemetry openTelemetry = OpenTelemetrySdk.builder()
            .setMeterProvider(SdkMeterProvider.builder().registerMetricReader(reader).build())
            .setTracerProvider(SdkTracerProvider.builder().addSpanProcessor(SimpleSpanProcessor.create(exporter)).build())
            .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance())).build();
    private final LinkedBlockingQueue<String> events = new LinkedBlockingQueue<>();

    /** Events are counted before they are passed on. */
    private final HboneEvents log = new HboneEvents() {
        @Override
        public void tunnelClosed(TunnelChannel tunnel, long received, long sent) {
            events.add("tunnel");
        }

        @Override
        public void connectionClosed(Channel connection, String reason) {
            events.add("connection");
        }

        @Override
        public void handshakeFailed(Channel connection, String reason) {
            events.add("handshake");
        }
    };

    private void expect(String event, int times) throws InterruptedException {
        for (int i = 0; i < times; i++) {
            assertThat(events.poll(20, TimeUnit.SECONDS)).isEqualTo(event);
        }
    }

    /** Returns all values as {@code name{key=value}}; of a histogram its count. */
    private Map<String, Double> values() {
        return reader.collectAllMetrics().stream().flatMap(metric -> metric.getData().getPoints().stream().map(point -> Map.entry(name(metric, point), value(point))))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    private static String name(MetricData metric, PointData point) {
        return metric.getName() + text(point.getAttributes());
    }

    private static String text(Attributes attributes) {
        return attributes.asMap().entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).sorted().collect(Collectors.joining(", ", "{", "}"));
    }

    private static double value(PointData point) {
        return point instanceof HistogramPointData histogram ? histogram.getCount() : ((LongPointData) point).getValue();
    }

    /** Echoes, doesn't answer, or throws. */
    private static void serve(TunnelRequest request) {
        switch (request.authority().host()) {
            case "echo" -> {
                try {
                    request.accept(List.of(), new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelRead(ChannelHandlerContext ctx, Object message) {
                            ctx.writeAndFlush(message);
                        }
                    });
                } catch (TunnelResetException e) {
                    throw new IllegalStateException(e);
                }
            }
            case "silent" -> { }
            default -> throw new IllegalStateException("no such app");
        }
    }

    @Test
    void metricsAndSpans(@TempDir Path directory) throws Exception {
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        DevelopmentCa certificates = DevelopmentCa.open(directory.resolve("ca"));
        Connector connector = Connector.of(EpollSocketChannel::new);
        // hbone-opentelemetry/README.md: begin
        var telemetry = new HboneTelemetry(openTelemetry, Attributes.of(AttributeKey.stringKey("node"), "node-1"), HboneEvents.NONE);
        var hbone = new HboneClient(loops, certificates, connector, HboneOptions.client(), telemetry);
        var server = new HboneServer(certificates, HboneOptions.server(), telemetry);
        // hbone-opentelemetry/README.md: end
        hbone.close();
        telemetry = new HboneTelemetry(openTelemetry, Attributes.of(AttributeKey.stringKey("node"), "node-1"), log);
        hbone = new HboneClient(loops, certificates, connector, HboneOptions.client(), telemetry);
        server = new HboneServer(certificates, HboneOptions.server().withTimeouts(Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofMillis(50)), telemetry);
        Channel listener = new ServerBootstrap().group(loops).channel(EpollServerSocketChannel.class).childHandler(server.handler(SERVER, HboneTelemetryTest::serve))
                .bind(InetAddress.getLoopbackAddress(), 0).sync().channel();
        InetSocketAddress address = (InetSocketAddress) listener.localAddress();
        HboneDestination peer = new HboneDestination(CLIENT, SERVER, address);
        Authority app = Authority.parse("echo:1");

        LinkedBlockingQueue<Integer> answers = new LinkedBlockingQueue<>();
        ChannelInboundHandlerAdapter initializer = new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                answers.add(((ByteBuf) message).readableBytes());
                ((ByteBuf) message).release();
            }
        };
        Span mine = openTelemetry.getTracer("test").spanBuilder("mine").startSpan();
        TunnelChannel tunnel = open(hbone, peer, app, telemetry, mine, initializer);
        tunnel.writeAndFlush(Unpooled.wrappedBuffer(new byte[1000])).sync();
        assertThat(answers.poll(20, TimeUnit.SECONDS)).isEqualTo(1000);
        for (String side : new String[] {"client", "server"}) {
            assertThat(values()).containsEntry("hbone.tunnels{node=node-1, side=" + side + "}", 1.0)
                    .containsEntry("hbone.connections{node=node-1, side=" + side + "}", 1.0);
        }
        assertThat(exporter.getFinishedSpanItems()).isEmpty();
        tunnel.close().sync();
        expect("tunnel", 2);
        for (String side : new String[] {"client", "server"}) {
            String tags = "{node=node-1, side=" + side + "}";
            assertThat(values()).containsEntry("hbone.tunnels.received" + tags, 1000.0).containsEntry("hbone.tunnels.sent" + tags, 1000.0)
                    .containsEntry("hbone.tunnels.duration" + tags, 1.0).containsEntry("hbone.tunnels" + tags, 0.0);
        }
        assertThat(values()).containsKeys("hbone.resets{by=us, code=cancel, node=node-1}", "hbone.resets{by=peer, code=cancel, node=node-1}");
        assertThat(exporter.getFinishedSpanItems()).hasSize(1);
        SpanData span = exporter.getFinishedSpanItems().get(0);
        assertThat(span.getKind()).isEqualTo(SpanKind.SERVER);
        assertThat(span.getTraceId()).isEqualTo(mine.getSpanContext().getTraceId());
        assertThat(span.getParentSpanId()).isEqualTo(mine.getSpanContext().getSpanId());
        assertThat(text(span.getAttributes())).isEqualTo("{hbone.authority=echo:1, hbone.peer=" + CLIENT + ", hbone.received=1000, hbone.sent=1000, node=node-1}");

        HboneClient client = hbone;
        assertThatThrownBy(() -> client.connect(peer, Authority.parse("silent:1"), List.of()).get(20, TimeUnit.SECONDS)).hasMessageContaining("504");
        assertThatThrownBy(() -> client.connect(peer, Authority.parse("none:1"), List.of()).get(20, TimeUnit.SECONDS)).hasMessageContaining("500");
        assertThatThrownBy(() -> client.connect(new HboneDestination(CLIENT, CLIENT, address), app, List.of()).get(20, TimeUnit.SECONDS))
                .hasMessageContaining("expected peer");
        expect("handshake", 2);
        hbone.close();
        expect("connection", 2);
        assertThat(values()).containsEntry("hbone.requests.expired{node=node-1}", 1.0).containsEntry("hbone.handlers.failed{node=node-1}", 1.0)
                .containsEntry("hbone.handshakes.failed{node=node-1}", 2.0).containsKey("hbone.goaways{by=us, code=no_error, node=node-1}")
                .containsEntry("hbone.connections{node=node-1, side=client}", 0.0).containsEntry("hbone.connections{node=node-1, side=server}", 0.0)
                .containsEntry("hbone.connections.opened{node=node-1, side=client}", 1.0).containsEntry("hbone.connections.opened{node=node-1, side=server}", 1.0);
        listener.close().sync();
        loops.shutdownGracefully(100, 5_000, TimeUnit.MILLISECONDS).sync();
    }

    @Test
    void unknownCodesShareOneTimeSeries() {
        HboneTelemetry telemetry = new HboneTelemetry(openTelemetry);
        for (long code = 100; code < 200; code++) {
            telemetry.streamReset(new EmbeddedChannel(), 1, code, true);
        }
        assertThat(values()).containsExactly(Map.entry("hbone.resets{by=peer, code=other}", 100.0));
    }

    @Test
    void withoutASpanThereAreNoHeaders() {
        assertThat(new HboneTelemetry(openTelemetry).headers(Context.root())).isEmpty();
    }

    @Test
    void everyEventIsPassedOn() {
        List<String> passed = new ArrayList<>();
        HboneEvents next = (HboneEvents) Proxy.newProxyInstance(HboneEvents.class.getClassLoader(), new Class<?>[] {HboneEvents.class}, (self, method, arguments) -> {
            passed.add(method.getName());
            return null;
        });
        HboneTelemetry events = new HboneTelemetry(openTelemetry, Attributes.empty(), next);
        Channel connection = new EmbeddedChannel();
        events.handshakeFailed(connection, "no certificate");
        events.connectionOpened(connection, CLIENT, true);
        events.connectionFailed(connection, "a flood");
        events.handlerFailed(connection, new IllegalStateException("no such app"));
        events.requestExpired(connection, Duration.ofSeconds(1));
        events.streamReset(connection, 1, 0, true);
        events.goAway(connection, 1, 0, true);
        events.frameLog(connection);
        events.connectionClosed(connection, "the end");
        assertThat(passed).containsExactly("handshakeFailed", "connectionOpened", "connectionFailed", "handlerFailed", "requestExpired", "streamReset", "goAway",
                "frameLog", "connectionClosed");
        assertThat(values()).containsEntry("hbone.connections.failed{}", 1.0);
    }

    private static TunnelChannel open(HboneClient hbone, HboneDestination peer, Authority app, HboneTelemetry telemetry, Span mine,
            ChannelHandler initializer) throws Exception {
        try (Scope scope = mine.makeCurrent()) {
            // hbone-opentelemetry/README.md: begin
            TunnelChannel tunnel = hbone.connect(peer, app, telemetry.headers(Context.current()), initializer).get();
            // hbone-opentelemetry/README.md: end
            assertThat(scope).isNotNull();
            return tunnel;
        }
    }
}
