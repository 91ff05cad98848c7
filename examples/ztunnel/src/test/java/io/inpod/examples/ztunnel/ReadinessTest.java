package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
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
            ztunnel.awaitLine(0, "answering [/healthz/ready] on port " + port);
            assertThat(ask(port)).startsWith("not ready\nthe node agent has not named all pods of the node yet").contains(ztunnel.socket().toString())
                    .endsWith("503");
            try (ServerSocketChannel taker = taken.<ServerSocketChannel, IOException>call(ServerSocketChannel::open)) {
                taker.bind(new InetSocketAddress("127.0.0.1", 15008));

                assertThat(agent.add("a", taken)).contains("is taken by");
                assertThat(agent.add("b", network.pod(1).namespace())).isEqualTo("ack");
                assertThat(ask(port)).startsWith("not ready\nthe node agent has not named").contains("pod a isn't served: ", "is taken by").endsWith("503");

                agent.acked("snapshot");
                assertThat(ask(port)).startsWith("ready\npod a isn't served: ").contains("name-a", "port 15008", "is taken by").doesNotContain("pod b")
                        .endsWith("200");
            }
            ztunnel.await(() -> ask(port).equals("ready\n200"), () -> ask(port));
        }
    }

    private static String ask(int port) throws IOException {
        try (NetworkNamespace own = NetworkNamespace.current()) {
            return Tool.run(own, "curl", "-sS", "--noproxy", "*", "-w", "%{http_code}", "http://127.0.0.1:" + port + "/healthz/ready");
        }
    }
}
