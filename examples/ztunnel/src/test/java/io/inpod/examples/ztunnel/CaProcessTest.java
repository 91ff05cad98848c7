package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.ca.TestCa;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The whole process, with a CA that speaks Istio's protocol. */
@Timeout(120)
@Pods(4)
class CaProcessTest {
    @Test
    void podsGetTheirCertificatesAndNoThreadStartsInAPod(PodNetwork network, @TempDir Path home, @TempDir Path control) throws Exception {
        try (TestCa ca = new TestCa(control); ShareScene scene = ShareScene.start(network, home, ca.variables())) {
            scene.request(scene.p, scene.q);

            assertThat(ca.identities()).containsExactlyInAnyOrder("spiffe://cluster.local/ns/default/sa/sa-p",
                    "spiffe://cluster.local/ns/default/sa/sa-q", "spiffe://cluster.local/ns/default/sa/sa-r");
            assertThat(scene.ztunnel.lines()).noneMatch(line -> line.contains("DEVELOPMENT CA"));
            Path tasks = Path.of("/proc/" + scene.ztunnel.pid() + "/task");
            try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
                for (Path thread : threads) {
                    assertThat(Files.readSymbolicLink(thread.resolve("ns/net"))).as(Files.readString(thread.resolve("comm")))
                            .isEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns/net")));
                }
            }
            List<String> threads = scene.ztunnel.threads();
            assertThat(threads).anyMatch(name -> name.matches("ca-\\d+-1")).filteredOn(name -> name.startsWith("ca-worker")).hasSize(2);
            assertThat(threads).noneMatch(name -> name.startsWith("grpc"));
        }
    }
}
