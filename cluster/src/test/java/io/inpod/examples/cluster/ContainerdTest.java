package io.inpod.examples.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("cluster")
class ContainerdTest {
    @Test
    void makesPodsWithNetworksOfTheirOwn() throws Exception {
        Path state;
        try (Containerd containerd = Containerd.start(Names.unique("containerd"))) {
            state = containerd.sandbox().state();
            RuntimePod server = containerd.run(PodOrder.of("default", "server", "uid-1", "sh", "-c",
                    "echo hello > /tmp/index.html; echo started; exec httpd -f -p 8080 -h /tmp"));
            RuntimePod client = containerd.run(PodOrder.of("default", "client", "uid-2", "sleep", "1000"));

            assertThat(client.exec("wget", "-qO-", "http://" + server.address().getHostAddress() + ":8080/")).isEqualTo("hello\n");
            assertThat(server.log()).contains("started");
            assertThat(server.netns()).isNotEqualTo(client.netns()).startsWith("/var/run/netns/cni-");
            assertThatThrownBy(() -> client.exec("sh", "-c", "echo bad >&2; exit 3")).hasMessageContaining("ended with 3: bad");

            NodeProcess process = containerd.sandbox().start(state.resolve("output"), Map.of("WORD", "hello"), "sh", "-c", "echo $WORD; sleep 1000");
            process.awaitOutput("hello", 0);
            assertThat(containerd.sandbox().exec("cat", "/proc/" + process.pid() + "/comm")).isEqualTo("sh\n");
            process.kill();
            assertThat(process.isAlive()).isFalse();

            containerd.sandbox().stop(Program.CONTAINERD, "KILL");
            assertThatThrownBy(client::address).hasMessageContaining("PodSandboxStatus");
            containerd.sandbox().start(Program.CONTAINERD);
            assertThat(client.exec("hostname")).isEqualTo("client\n");

            RuntimePod host = containerd.run(new PodOrder("default", "host", "uid-3", Map.of(), Map.of(), true, List.of("sleep", "1000")));
            assertThat(host.exec("hostname").strip()).isEqualTo("node1");
            server.remove();
            assertThatThrownBy(server::address).hasMessageContaining("not found");
        }
        assertThat(Files.exists(state)).isFalse();
    }
}
