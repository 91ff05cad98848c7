package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What an operator sees of a running ztunnel, beside what Istio's has shown of the same pods and connection. */
@Timeout(120)
@Pods(3)
class OperatorsTest {
    private static final Pattern SAMPLE = Pattern.compile("([a-z_]+)(?:\\{(.*)\\})? (.*)");
    private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"([^\"]*)\"");
    /** What Istio's tells of itself, and this program hasn't. */
    private static final Set<String> OTHERS = Set.of("tokio_num_workers", "tokio_global_queue_depth", "tokio_num_alive_tasks",
            "tokio_worker_total_busy_duration_seconds_total", "tokio_worker_park_count_total", "tokio_worker_park_unpark_count_total");

    private Pod client;
    private Pod server;

    @Test
    void theSameIsSeenAsOfIstios(PodNetwork network, @TempDir Path home) throws Exception {
        Tool.require("promtool");
        client = network.pod(1);
        server = network.pod(2);
        try (ZtunnelProcess ztunnel = new ZtunnelProcess(home); ForeignAgent agent = new ForeignAgent(ztunnel.socket());
                NetworkNamespace own = network.pod(0).namespace().duplicate();
                ServerSocketChannel app = server.namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open)) {
            ztunnel.mesh(mesh());
            ztunnel.environment.putAll(Map.of("INPOD_STATS_PORT", "15020", "INPOD_ADMIN_PORT", "15000", "LOG_FORMAT", "json", "RUST_LOG", "info,access=debug,dns=off"));
            ztunnel.start("nsenter", "--net=" + Tool.pathOf(own), "--");
            agent.accept();
            assertThat(agent.request("add uid-client client default sa-client " + Tool.pathOf(client.namespace()))).isEqualTo("ack");
            assertThat(agent.request("add uid-server server default sa-server " + Tool.pathOf(server.namespace()))).isEqualTo("ack");
            agent.acked("snapshot");
            Tool.run(server.namespace(), "ip", "rule", "add", "ipproto", "tcp", "sport", "8080", "lookup", "100");
            Tool.run(server.namespace(), "ip", "route", "add", "local", "default", "dev", "lo", "table", "100");
            app.bind(new InetSocketAddress("0.0.0.0", 8080));

            Map<?, ?> dump = connectAndDump(app, own, ztunnel);
            alike("", load(resource("config_dump.json")), dump);
            connectionsAreNamed(dump);
            theLogHasTheSameKeys(ztunnel);
            metricsAreTheSame(own);
            theFormIsNegotiated(own);
            levelsAreChanged(own);

            agent.acked("del uid-client");
            assertThat(Sample.of(curl(own, 15020, "/metrics"))).as("a pod that has left")
                    .filteredOn(sample -> sample.name().equals("istio_tcp_connections_opened_total"))
                    .extracting(sample -> sample.labels().get("reporter")).containsExactly("destination");
            assertThat(curl(own, 15000, "/debug/threads")).contains("\"ztunnel-", "\"admin-");
            assertThat(ztunnel.threads()).as("beside the event loops, and those that look up names")
                    .filteredOn(name -> name.matches("(log|mesh|heap|control|holders|policy|succession|admin|explain)(-\\d+-\\d+)?"))
                    .hasSize(9);
            assertThat(curl(own, 15000, "/debug/heap", "-X", "POST")).contains("java.lang.String");
            assertThat(curl(own, 15000, "/quitquitquit")).isEqualTo("only POST\n");
            assertThat(curl(own, 15000, "/quitquitquit", "-X", "POST")).isEqualTo("shutdown now\n");
            assertThat(ztunnel.awaitExit()).isZero();
        }
    }

    private String mesh() {
        return """
                workloads:
                - {uid: cluster1//v1/Pod/default/client, name: client, namespace: default, serviceAccount: sa-client, protocol: HBONE,
                   node: test, workloadIps: [%s], workloadName: client-deploy, workloadType: deployment, canonicalName: client-app,
                   canonicalRevision: v1, clusterId: Kubernetes, services: {}}
                - {uid: cluster1//v1/Pod/default/server, name: server, namespace: default, serviceAccount: sa-server, protocol: HBONE,
                   node: test, workloadIps: [%s], workloadName: server-deploy, workloadType: deployment, canonicalName: server-app,
                   canonicalRevision: v2, clusterId: Kubernetes, services: {default/server.default.svc.cluster.local: {80: 8080}}}
                services:
                - {name: server, namespace: default, hostname: server.default.svc.cluster.local, vips: [/10.99.0.1], ports: {80: 8080},
                   endpoints: {}, subjectAltNames: []}
                policies: []
                """.formatted(client.address().getHostAddress(), server.address().getHostAddress());
    }

    /** Four bytes each way; returns what is seen while the connection is open. */
    private Map<?, ?> connectAndDump(ServerSocketChannel app, NetworkNamespace own, ZtunnelProcess ztunnel) throws Exception {
        Map<?, ?> dump;
        try (Socket socket = ShareScene.ask(client, server.address().getHostAddress(), 8080)) {
            assertThat(ShareScene.answer(socket)).isZero();
            socket.getOutputStream().write("ping".getBytes(StandardCharsets.US_ASCII));
            try (SocketChannel accepted = app.accept()) {
                ByteBuffer received = ByteBuffer.allocate(4);
                while (received.hasRemaining()) {
                    accepted.read(received);
                }
                accepted.write(received.flip());
                assertThat(socket.getInputStream().readNBytes(4)).isEqualTo("ping".getBytes(StandardCharsets.US_ASCII));
                dump = load(curl(own, 15000, "/config_dump"));
                assertThat(curl(own, 15020, "/metrics")).as("what an open connection has carried").containsPattern(
                        "istio_tcp_received_bytes_total\\{.*reporter=\"source\".*} 4\\.0").doesNotContain("istio_tcp_connections_closed_total{")
                        .contains("inpod_hbone_tunnels{reporter=\"destination\"} 1.0", "inpod_hbone_tunnels{reporter=\"source\"} 1.0");
            }
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
        ztunnel.await(() -> completed(ztunnel).size() == 2, () -> "two lines: " + completed(ztunnel));
        return dump;
    }

    private static List<String> completed(ZtunnelProcess ztunnel) throws IOException {
        return ztunnel.lines().stream().filter(line -> line.contains("\"message\":\"connection complete\"")).toList();
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = OperatorsTest.class.getResourceAsStream("/istio/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** JSON is YAML. */
    private static Map<?, ?> load(String json) {
        return (Map<?, ?>) new Load(LoadSettings.builder().setCodePointLimit(Integer.MAX_VALUE).build()).loadFromString(json);
    }

    /** Whatever Istio's shows is shown here, in the same place and of the same kind; where it is named by data, the first entry. */
    private static void alike(String path, Object istios, Object ours) {
        if (path.equals(".config") || path.equals(".version") || istios == null) {
            return;
        }
        assertThat(ours).as(path).isNotNull();
        if (istios instanceof Map<?, ?> map) {
            assertThat(ours).as(path).isInstanceOf(Map.class);
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                assertThat(((Map<?, ?>) ours).containsKey(entry.getKey())).as(path + "." + entry.getKey()).isTrue();
                alike(path + "." + entry.getKey(), entry.getValue(), ((Map<?, ?>) ours).get(entry.getKey()));
            }
        } else if (istios instanceof List<?> list) {
            assertThat(ours).as(path).isInstanceOf(List.class);
            List<?> ourList = (List<?>) ours;
            assertThat(ourList.size()).as(path).isEqualTo(list.size());
            if (!list.isEmpty()) {
                alike(path + "[]", list.get(0), ourList.get(0));
            }
        } else {
            assertThat(ours).as(path).isInstanceOf(istios.getClass());
            if (istios instanceof String text && !text.matches("T|<.*>|local|[0-9/.]+(:\\d+)?") && !path.contains("workloads[]")) {
                assertThat(ours).as(path).isEqualTo(istios);
            }
        }
    }

    private void connectionsAreNamed(Map<?, ?> dump) {
        String address = server.address().getHostAddress();
        assertThat(dump.toString()).contains("actualDst=" + address + ":15008", "originalDst=" + address + ":8080", "actualDst=" + address + ":8080",
                "state=Available", "state=Up").doesNotContain("PRIVATE KEY");
        Map<?, ?> workload = (Map<?, ?>) ((List<?>) dump.get("workloads")).stream()
                .filter(one -> ((Map<?, ?>) one).get("name").equals("server")).findFirst().orElseThrow();
        assertThat(workload.get("workloadIps")).isEqualTo(List.of(address));
        assertThat(workload.get("canonicalRevision")).isEqualTo("v2");
        assertThat(workload.get("protocol")).isEqualTo("HBONE");
    }

    private void theLogHasTheSameKeys(ZtunnelProcess ztunnel) throws IOException {
        String inbound = completed(ztunnel).stream().filter(line -> line.contains("\"inbound\"")).findFirst().orElseThrow();
        String address = server.address().getHostAddress();
        assertThat(inbound.replaceAll("\"(time|duration)\":\"[^\"]*\"", "\"$1\":\"T\"").replaceFirst(":\\d+\",\"src.workload", ":N\",\"src.workload"))
                .isEqualTo("{\"level\":\"info\",\"time\":\"T\",\"scope\":\"access\",\"message\":\"connection complete\",\"src.addr\":\""
                        + client.address().getHostAddress() + ":N\",\"src.workload\":\"client\",\"src.namespace\":\"default\","
                        + "\"src.identity\":\"spiffe://cluster.local/ns/default/sa/sa-client\",\"src.cluster\":\"Kubernetes\",\"dst.addr\":\"" + address
                        + ":15008\",\"dst.hbone_addr\":\"" + address + ":8080\",\"dst.workload\":\"server\",\"dst.namespace\":\"default\","
                        + "\"dst.identity\":\"spiffe://cluster.local/ns/default/sa/sa-server\",\"dst.cluster\":\"Kubernetes\",\"direction\":\"inbound\","
                        + "\"bytes_sent\":4,\"bytes_recv\":4,\"duration\":\"T\"}");
        assertThat(ztunnel.lines()).filteredOn(line -> line.contains("\"level\":\"debug\"")).hasSize(2)
                .allSatisfy(line -> assertThat(line).contains("\"scope\":\"access\",\"message\":\"connection opened\",\"src.addr\":"));
        assertThat(ztunnel.lines()).allSatisfy(line -> assertThat(load(line).keySet().toString()).startsWith("[level, time, scope, message"));
    }

    private record Sample(String name, Map<String, String> labels, String value) {
        static List<Sample> of(String text) {
            List<Sample> samples = new ArrayList<>();
            text.lines().filter(line -> !line.startsWith("#")).forEach(line -> {
                Matcher sample = SAMPLE.matcher(line);
                assertThat(sample.matches()).as(line).isTrue();
                Map<String, String> labels = new TreeMap<>();
                if (sample.group(2) != null) {
                    Matcher label = LABEL.matcher(sample.group(2));
                    while (label.find()) {
                        labels.put(label.group(1), label.group(2));
                    }
                }
                samples.add(new Sample(sample.group(1), labels, sample.group(3).replaceAll("\\.0$", "")));
            });
            return samples;
        }
    }

    private static Set<String> types(String text) {
        Set<String> types = new TreeSet<>();
        text.lines().filter(line -> line.startsWith("# TYPE ")).forEach(line -> types.add(line.replace("_total ", " ")));
        return types;
    }

    private void metricsAreTheSame(NetworkNamespace own) throws IOException {
        String ours = curl(own, 15020, "/metrics");
        String istios = resource("metrics.txt").lines().filter(line -> !OTHERS.contains(line.replaceAll("[ {].*", ""))).reduce("", (a, b) -> a + b + "\n");
        List<Sample> samples = Sample.of(ours);
        for (Sample sample : Sample.of(istios)) {
            if (sample.value().equals("N") || sample.name().equals("istio_build")) {
                assertThat(samples).filteredOn(one -> one.name().equals(sample.name()) && one.labels().keySet().equals(sample.labels().keySet()))
                        .as(sample.toString()).hasSize(1);
            } else {
                assertThat(samples).contains(sample);
            }
        }
        assertThat(types(ours)).containsAll(types(istios).stream().filter(type -> !type.contains(" tokio_")).toList());
        assertThat(ours).as("the connection is kept").contains("inpod_hbone_connections{reporter=\"destination\"} 1.0",
                "inpod_hbone_connections{reporter=\"source\"} 1.0", "inpod_hbone_tunnels{reporter=\"source\"} 0.0");
        assertThat(samples).filteredOn(one -> one.name().equals("inpod_certificate_expiry_timestamp_seconds")).hasSize(2);

        String found = Tool.run(own, "sh", "-c", "curl -sS --noproxy '*' http://127.0.0.1:15020/metrics | promtool check metrics 2>&1; true");
        assertThat(found.lines()).as("these names are Istio's").containsExactlyInAnyOrder(
                "workload_manager_active_proxy_count non-histogram and non-summary metrics should not have \"_count\" suffix",
                "workload_manager_pending_proxy_count non-histogram and non-summary metrics should not have \"_count\" suffix");
    }

    private static void theFormIsNegotiated(NetworkNamespace own) throws IOException {
        String accept = "Accept: application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.5";
        assertThat(curl(own, 15020, "/stats/prometheus", "-H", accept, "-D", "-")).contains("content-type: application/openmetrics-text")
                .contains("# TYPE istio_tcp_connections_opened counter\n").endsWith("# EOF\n");
        String protobuf = "Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6";
        assertThat(curl(own, 15020, "/metrics", "-H", protobuf + ",application/openmetrics-text;version=1.0.0;q=0.5", "-D", "-"))
                .contains("200 OK", "content-type: application/openmetrics-text").endsWith("# EOF\n");
        assertThat(curl(own, 15020, "/metrics", "-H", protobuf + ",text/plain;version=0.0.4;q=0.3", "-D", "-"))
                .contains("200 OK", "content-type: text/plain; version=0.0.4", "istio_build{");
        assertThat(curl(own, 15020, "/metrics", "--compressed", "-H", "Accept-Encoding: gzip", "-D", "-")).contains("content-encoding: gzip")
                .contains("istio_build{");
        assertThat(curl(own, 15020, "/metrics", "-H", "Accept-Encoding: gzip;q=0", "-D", "-")).doesNotContain("content-encoding");
    }

    private static void levelsAreChanged(NetworkNamespace own) throws IOException {
        assertThat(curl(own, 15000, "/logging")).isEqualTo("current log level is info,access=debug,dns=off\n");
        assertThat(curl(own, 15000, "/logging?level=access:info,proxy:off", "-X", "POST"))
                .isEqualTo("current log level is info,access=info,dns=off,proxy=off\n");
        assertThat(curl(own, 15000, "/logging?level=loud", "-X", "POST")).contains("\"loud\" isn't a level", "usage:");
        assertThat(curl(own, 15000, "/logging?reset", "-X", "POST")).isEqualTo("current log level is info,access=debug,dns=off\n");
    }

    private static String curl(NetworkNamespace from, int port, String path, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of("curl", "-sS", "--noproxy", "*"));
        command.addAll(List.of(options));
        command.add("http://127.0.0.1:" + port + path);
        return Tool.run(from, command.toArray(String[]::new));
    }
}
