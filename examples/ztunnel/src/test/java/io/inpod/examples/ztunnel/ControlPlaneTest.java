package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.istio.DiscoveryApi.Resource;
import io.inpod.examples.ztunnel.xds.Responses;
import io.inpod.examples.ztunnel.xds.TestAuthority;
import io.inpod.examples.ztunnel.xds.TestControlPlane;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The whole process with a control plane and no file: it carries connections, also after the control plane has gone. */
@Timeout(120)
@Pods(4)
class ControlPlaneTest {
    private static Resource pod(PodNetwork network, int index, String uid, String node) {
        Pod pod = network.pod(index);
        return Responses.workload("v1", Responses.pod(uid, pod.address().getHostAddress(), node));
    }

    /** The heap of the process is 256 MiB; the JVM says a little less. */
    @Test
    void aResponseMayHaveAQuarterOfTheHeap(PodNetwork network, @TempDir Path home) throws Exception {
        Path socket = home.resolve("xds.sock");
        try (TestControlPlane server = TestControlPlane.unix(socket)) {
            server.first = List.of(Responses.garbage("1", 65 << 20), Responses.policies("2"));
            try (ZtunnelProcess ztunnel = new ZtunnelProcess(home)) {
                ztunnel.environment.putAll(Map.of("LOCAL_XDS_PATH", "", "XDS_ADDRESS", "unix:" + socket));
                ztunnel.start();
                String line = ztunnel.awaitLine(0, "a quarter of the heap (-Xmx)");
                Matcher limit = Pattern.compile("a response may have (\\d+) bytes").matcher(line);
                assertThat(limit.find()).as(line).isTrue();
                assertThat(Integer.parseInt(limit.group(1))).isBetween(56 << 20, 64 << 20);
                server.first = List.of(Responses.garbage("1", 40 << 20), Responses.policies("2"));
                assertThat(ztunnel.awaitLine(0, "garbage: it isn't an Address")).contains("1 resources that can't be used");
                assertThat(ztunnel.isAlive()).isTrue();
            }
        }
    }

    /** OpenSSL isn't there for each processor and each C library. */
    @Test
    void withoutOpenSslTheControlPlaneIsSpokenToWithTheJdksTls(PodNetwork network, @TempDir Path home) throws Exception {
        TestAuthority authority = new TestAuthority("CN=root");
        Path roots = Files.writeString(home.resolve("root-cert.pem"), authority.pem());
        try (TestControlPlane server = TestControlPlane.https(authority.issue("localhost")); ZtunnelProcess ztunnel = new ZtunnelProcess(home)) {
            server.first = List.of(Responses.addresses("1", pod(network, 0, "p", "test")), Responses.policies("2"));
            ztunnel.environment.putAll(Map.of("LOCAL_XDS_PATH", "", "XDS_ADDRESS", "https://localhost:" + server.port(), "XDS_ROOT_CA", roots.toString(),
                    "JAVA_TOOL_OPTIONS", "-Dio.netty.handler.ssl.noOpenSsl=true"));
            ztunnel.start().awaitLine(0, "1 workloads known, 0 services, 0 policies");
            assertThat(Files.readString(Path.of("/proc/" + ztunnel.pid() + "/maps"))).contains("libnetty_transport_native_epoll").doesNotContain("libnetty_tcnative");
        }
    }

    @Test
    void connectionsAreCarriedWithoutAFileAndWithoutTheControlPlaneThatDescribedTheMesh(PodNetwork network, @TempDir Path home) throws Exception {
        TestAuthority authority = new TestAuthority("CN=root");
        Path roots = Files.writeString(home.resolve("root-cert.pem"), authority.pem());
        try (TestControlPlane server = TestControlPlane.https(authority.issue("localhost"))) {
            server.first = List.of(
                    Responses.addresses("1", pod(network, 0, "p", "test"), pod(network, 1, "q", "test"), pod(network, 2, "r", "test"), pod(network, 3, "s", "other")),
                    Responses.policies("2"));
            Map<String, String> settings = Map.of("LOCAL_XDS_PATH", "", "XDS_ADDRESS", "https://localhost:" + server.port(), "XDS_ROOT_CA", roots.toString());
            try (ShareScene scene = ShareScene.start(network, home, settings)) {
                assertThat(scene.ztunnel.awaitLine(0, "4 workloads known, 0 services, 0 policies")).contains("https://localhost:" + server.port());
                assertThat(scene.ztunnel.threads()).contains("xds-1-1");
                List<String> threads = scene.ztunnel.threads();
                server.stop();
                scene.ztunnel.awaitLine(0, "and the mesh stays as it is");
                scene.request(scene.q, scene.r);
                assertThat(scene.ztunnel.threads()).isEqualTo(threads);
            }
        }
    }
}
