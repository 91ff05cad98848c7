package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code curl} asks a ztunnel whether it is ready, as the kubelet does. */
@Timeout(120)
@Pods(2)
class ReadinessTest {
    @Test
    void aZtunnelIsReadyWhenAllPodsAreNamedAndNamesThoseThatItCanNotServe(PodNetwork network, @TempDir Path home) throws Exception {
        NetworkNamespace taken = network.pod(0).namespace();
        try (ZtunnelProcess ztunnel = new ZtunnelProcess(home); ForeignAgent agent = new ForeignAgent(ztunnel.socket())) {
            ztunnel.mesh("workloads: []");
            int port;
            try (ServerSocket busy = new ServerSocket(0)) { // as while an earlier ztunnel has it
                port = busy.getLocalPort();
                ztunnel.environment.put("INPOD_READINESS_PORT", Integer.toString(port));
                ztunnel.start();
                assertThat(ztunnel.awaitLine(0, "INPOD_READINESS_PORT=" + port)).contains("warn", "Address already in use");
            }
            agent.accept();
            ztunnel.awaitLine(0, "answering /healthz/ready on port " + port);
            assertThat(ask(port, "/healthz/ready")).startsWith("not ready\nthe node agent has not named all pods of the node yet").contains(ztunnel.socket().toString())
                    .endsWith("503");
            try (ServerSocketChannel taker = taken.<ServerSocketChannel, IOException>call(ServerSocketChannel::open)) {
                taker.bind(new InetSocketAddress("127.0.0.1", 15008));

                assertThat(agent.add("a", taken)).contains("is taken by");
                assertThat(agent.add("b", network.pod(1).namespace())).isEqualTo("ack");
                assertThat(ask(port, "/healthz/ready")).startsWith("not ready\nthe node agent has not named").contains("pod a isn't served: ", "is taken by").endsWith("503");

                agent.acked("snapshot");
                assertThat(ask(port, "/healthz/ready")).startsWith("ready\npod a isn't served: ").contains("name-a", "port 15008", "is taken by").doesNotContain("pod b")
                        .endsWith("200");
            }
            ztunnel.await(() -> ask(port, "/healthz/ready").equals("ready\n200"), () -> ask(port, "/healthz/ready"));
        }
    }

    @Test
    void whatIsCountedIsAnsweredForPrometheus(PodNetwork network, @TempDir Path home) throws Exception {
        try (ZtunnelProcess ztunnel = new ZtunnelProcess(home); ForeignAgent agent = new ForeignAgent(ztunnel.socket())) {
            ztunnel.mesh("workloads:\n- {uid: b, name: name-b, namespace: default, serviceAccount: sa-b, node: test, hostname: b.example, workloadIps: ["
                    + network.pod(1).address().getHostAddress() + "]}\n");
            ztunnel.environment.putAll(Map.of("INPOD_STATS_PORT", "15020", "INPOD_PASSTHROUGH", "DENY", "ISTIO_META_DNS_CAPTURE", "true"));
            ztunnel.environment.put("INPOD_ADMIN_PORT", "15000");
            try (NetworkNamespace own = network.pod(0).namespace().duplicate()) { // its own, where the port is free
                ztunnel.start("nsenter", "--net=" + Tool.pathOf(own), "--");
                NetworkNamespace pod = network.pod(1).namespace();
                assertThat(agent.accept().add("b", pod)).isEqualTo("ack");
                try (Socket client = ShareScene.ask(network.pod(1), "192.0.2.1", 80)) {
                    assertThat(ShareScene.answer(client)).isEqualTo(2);
                }
                assertThat(Tool.run(pod, "dig", "@127.0.0.1", "-p", "15053", "+short", "b.example"))
                        .isEqualTo(network.pod(1).address().getHostAddress() + "\n");

                assertThat(ask(own, 15020, "/metrics")).contains("# TYPE inpod_outbound_failed_total counter",
                        "inpod_outbound_failed_total{reason=\"forbidden\"} 1.0", "inpod_outbound_failed_total{reason=\"timeout\"} 0.0",
                        "inpod_policy_refused_total{basis=\"not_allowed\"} 0.0", "inpod_policy_cut_total{basis=\"revoked\"} 0.0",
                        "istio_dns_requests_total{request_protocol=\"udp\",request_query_type=\"A\",source_canonical_revision=\"unknown\","
                                + "source_canonical_service=\"unknown\"} 1.0",
                        "inpod_mesh_current 1.0", "inpod_mesh_failures_total 0.0",
                        "workload_manager_active_proxy_count 1.0", "workload_manager_pending_proxy_count 0.0").endsWith("200");
                assertThat(ask(own, 15000, "/")).contains("<title>ztunnel</title>").endsWith("200");
                assertThat(Tool.run(own, "ss", "-Hnlt", "sport = :15000").lines().map(line -> line.split(" +")[3]))
                        .containsExactlyInAnyOrder("127.0.0.1:15000", "[::1]:15000");
                ztunnel.mesh("workloads: [}");
                ztunnel.await(() -> ask(own, 15020, "/stats/prometheus").contains("inpod_mesh_current 0.0"), () -> "the error isn't counted");
                assertThat(ask(own, 15020, "/stats/prometheus")).contains("inpod_mesh_failures_total 1.0");
            }
        }
    }

    private static String ask(int port, String path) throws IOException {
        try (NetworkNamespace own = NetworkNamespace.current()) {
            return ask(own, port, path);
        }
    }

    private static String ask(NetworkNamespace from, int port, String path) throws IOException {
        return Tool.run(from, "curl", "-sS", "--noproxy", "*", "-w", "%{http_code}", "http://127.0.0.1:" + port + path);
    }
}
