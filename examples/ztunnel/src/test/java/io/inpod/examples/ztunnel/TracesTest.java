package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.TraceReceiver.Received;
import io.inpod.hbone.Authority;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.client.Connector;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.opentelemetry.proto.trace.v1.Span.SpanKind;
import io.opentelemetry.proto.trace.v1.Status.StatusCode;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Spans of a running ztunnel's connections, as a collector receives them. */
@Timeout(120)
@Pods(4)
class TracesTest {
    private static final String PARENT = "00f067aa0ba902b7";
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

    private static Map<String, String> to(TraceReceiver receiver, String... more) {
        Map<String, String> environment = new HashMap<>(Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint(), "OTEL_BSP_SCHEDULE_DELAY", "20"));
        for (int i = 0; i < more.length; i += 2) {
            environment.put(more[i], more[i + 1]);
        }
        return environment;
    }

    private static List<Received> take(TraceReceiver receiver, int number) throws InterruptedException {
        List<Received> spans = new ArrayList<>();
        while (spans.size() < number) {
            spans.add(receiver.next());
        }
        return spans;
    }

    /** Each connection between two pods is one trace: a span of the client's side, and one of the server's side below it. */
    @Test
    void bothSidesOfAConnectionAreOneTrace(PodNetwork network, @TempDir Path home) throws Exception {
        try (TraceReceiver receiver = new TraceReceiver(); ShareScene scene = ShareScene.start(network, home, to(receiver))) {
            List<Received> spans = take(receiver, 2 * ShareScene.FIRST_REQUESTS);
            List<Received> outbound = spans.stream().filter(span -> span.span().getKind() == SpanKind.SPAN_KIND_CLIENT).toList();
            assertThat(outbound).hasSize(ShareScene.FIRST_REQUESTS).extracting(Received::trace).doesNotHaveDuplicates();
            for (Received client : outbound) {
                assertThat(client.parent()).isEmpty();
                Received server = spans.stream().filter(span -> span != client && span.trace().equals(client.trace())).findFirst().orElseThrow();
                assertThat(server.parent()).isEqualTo(client.id());
                assertThat(server.span().getKind()).isEqualTo(SpanKind.SPAN_KIND_SERVER);
                assertThat(server.span().getStartTimeUnixNano()).isGreaterThanOrEqualTo(client.span().getStartTimeUnixNano());
            }
            Received last = outbound.stream().filter(span -> span.attributes().get("destination_principal").endsWith("/sa-r")
                    && span.attributes().get("source_principal").endsWith("/sa-p")).findFirst().orElseThrow();
            assertThat(last.attributes()).containsEntry("source.address", "127.0.0.1").containsEntry("destination.address", scene.r.address().getHostAddress())
                    .containsEntry("destination.port", "15008").containsEntry("hbone.authority", scene.r.address().getHostAddress() + ":" + ShareScene.APP)
                    .containsEntry("source_workload_namespace", "default").containsEntry("source_principal", "spiffe://cluster.local/ns/default/sa/sa-p")
                    .containsEntry("connection_security_policy", "mutual_tls").containsEntry("reporter", "source").containsEntry("received_bytes", "1")
                    .containsEntry("sent_bytes", "1").containsEntry("response_flags", "-");
            assertThat(last.resource()).containsEntry("service.name", "ztunnel").containsEntry("k8s.node.name", "test");
            assertThat(last.span().getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_UNSET);

            try (Socket client = ShareScene.ask(scene.q, scene.r.address().getHostAddress(), 9)) {
                assertThat(ShareScene.answer(client)).isNotZero();
            }
            List<Received> failed = take(receiver, 2);
            assertThat(failed).allSatisfy(span -> {
                assertThat(span.span().getStatus().getCode()).isEqualTo(StatusCode.STATUS_CODE_ERROR);
                assertThat(span.attributes()).containsEntry("response_flags", "CONNECT").containsEntry("error.type", "CONNECT");
            });
            assertThat(failed).extracting(span -> span.span().getStatus().getMessage()).anyMatch(said -> said.contains("503"))
                    .anyMatch(said -> said.contains("refused"));
        }
    }

    /** What a client in a tunnel says of its span counts; if it isn't sampled, ours isn't either. */
    @Test
    void aClientsTraceIsContinued(PodNetwork network, @TempDir Path home) throws Exception {
        EventLoopGroup own = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
        own.submit(() -> { }).awaitUninterruptibly();
        try (TraceReceiver receiver = new TraceReceiver();
                ShareScene scene = ShareScene.start(network, home, to(receiver, "OTEL_SERVICE_NAME", "node-proxy", "OTEL_RESOURCE_ATTRIBUTES", "team=mesh"));
                HboneClient client = new HboneClient(own, DevelopmentCa.open(home.resolve("ca")), Connector.of(NettyChannels.client(scene.remote.namespace())))) {
            take(receiver, 2 * ShareScene.FIRST_REQUESTS);
            HboneDestination pod = new HboneDestination(TunnelPeer.identity("sa-s"), TunnelPeer.identity("sa-r"), new InetSocketAddress(scene.r.address(), 15008));
            Authority app = Authority.parse(scene.r.address().getHostAddress() + ":" + ShareScene.APP);
            for (String flags : List.of("00", "01")) {
                TunnelChannel tunnel = client.connect(pod, app, List.of(new Header("traceparent", "00-" + TRACE + "-" + PARENT + "-" + flags)),
                        new ChannelInboundHandlerAdapter()).sync().getNow();
                tunnel.close().sync();
            }
            Received span = receiver.next();
            assertThat(span.parent()).isEqualTo(PARENT);
            assertThat(span.trace()).isEqualTo(TRACE);
            assertThat(span.span().getFlags() & 1).as("sampled").isOne();
            assertThat(span.attributes()).containsEntry("source_principal", "spiffe://cluster.local/ns/default/sa/sa-s");
            assertThat(span.resource()).containsEntry("service.name", "node-proxy").containsEntry("team", "mesh");
        } finally {
            own.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        }
    }

    /** Without an endpoint nothing is exported, and no class of the exporter is loaded. */
    @Test
    void withoutAnEndpointNothingIsLoaded(PodNetwork network, @TempDir Path home) throws Exception {
        Path classes = home.resolve("classes");
        try (ShareScene scene = ShareScene.start(network, home,
                Map.of("OTEL_SERVICE_NAME", "ztunnel", "JAVA_TOOL_OPTIONS", "-Xlog:class+load:file=" + classes))) {
            scene.ztunnel.terminate();
            assertThat(scene.ztunnel.awaitExit()).isZero();
        }
        assertThat(Files.readString(classes)).contains("io.inpod.examples.ztunnel.trace.Traces ", "io.inpod.examples.ztunnel.proxy.Reports ")
                .doesNotContain("opentelemetry", "io.inpod.examples.ztunnel.trace.OpenTelemetryTraces", "java.net.http.HttpClient ");
    }

    /** A receiver that doesn't answer, and a queue that is full, delay nothing; what is lost is counted. */
    @Test
    void whatIsLostIsCounted(PodNetwork network, @TempDir Path home) throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        try (TraceReceiver receiver = new TraceReceiver()) {
            receiver.answers.drainPermits();
            try (ShareScene scene = ShareScene.start(network, home,
                    to(receiver, "OTEL_BSP_MAX_QUEUE_SIZE", "3", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2", "OTEL_BSP_EXPORT_TIMEOUT", "600000",
                            "OTEL_EXPORTER_OTLP_TIMEOUT", "600000", "INPOD_STATS_PORT", Integer.toString(port)))) { // nothing is lost because of time
                int all = 2 * ShareScene.FIRST_REQUESTS;
                scene.ztunnel.await(() -> spans(port, "lost") >= all - 5, () -> "lost: " + spans(port, "lost"));
                assertThat(spans(port, "lost")).isLessThan(all);
                assertThat(spans(port, "exported")).isZero();
                receiver.answers.release(1 << 20);
                scene.ztunnel.await(() -> spans(port, "exported") + spans(port, "lost") == all, () -> "exported: " + spans(port, "exported"));
                assertThat(receiver.spans).hasSize((int) spans(port, "exported"));

                long before = spans(port, "lost");
                receiver.status = 400;
                scene.request(scene.q, scene.r);
                scene.ztunnel.await(() -> spans(port, "lost") == before + 2, () -> "lost: " + spans(port, "lost"));
                assertThat(scene.ztunnel.awaitLine(0, "\ttrace\t")).contains("400");
            }
        }
    }

    private static long spans(int port, String kind) throws Exception {
        String text;
        try (InputStream in = URI.create("http://127.0.0.1:" + port + "/metrics").toURL().openStream()) {
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        Matcher sample = Pattern.compile("(?m)^inpod_trace_spans_" + kind + "_total (.*)$").matcher(text);
        assertThat(sample.find()).isTrue();
        return (long) Double.parseDouble(sample.group(1));
    }
}
