package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A remote client takes all source ports to a pod's app that it can get, beside another client of the pod and an uninvolved pair. */
@Timeout(180)
@Pods(4)
class SourcePortsShareTest {
    private static final int PORTS = 100;
    private static final int ATTEMPTS = 64;

    @Test
    void aClientTakesNoneFromOthers(PodNetwork network, @TempDir Path home) throws Exception {
        Tool.run(network.pod(0).namespace(), "sysctl", "-q", "-w", "net.ipv4.ip_local_reserved_ports=16000-" + (31_999 - PORTS));
        try (ShareScene scene = ShareScene.start(network, home, Map.of())) {
            InetSocketAddress app = new InetSocketAddress(scene.p.address(), ShareScene.APP);
            int before = scene.ztunnel.descriptors().size();
            try (RemoteClient client = new RemoteClient(scene.ztunnel, scene.remote, scene.p, "sa-p")) {
                client.keepAsking(PORTS + 20, app, 50);
                scene.serveWhile(client::refused);
                for (int i = 0; i < 20; i++) {
                    scene.awaitMore(client::refused);
                    scene.request(scene.q, scene.p);
                }

                assertThat(client.held()).isBetween(ATTEMPTS, PORTS);
                assertThat(scene.ztunnel.awaitLine(0, "source ports of")).contains("src.addr=" + scene.remote.address().getHostAddress())
                        .contains("dst.hbone_addr=" + scene.p.address().getHostAddress() + ":" + ShareScene.APP)
                        .contains(ATTEMPTS + " source ports of 16000-31999 in a row are in use");
                scene.ztunnel.awaitLine(0, "without source ports");
                assertThat(scene.counted("without source ports", "refused")).isPositive();
            }
            scene.ztunnel.awaitDescriptors(before);
            try (RemoteClient again = new RemoteClient(scene.ztunnel, scene.remote, scene.p, "sa-p")) {
                again.keepAsking(ATTEMPTS, app, 50);
                scene.ztunnel.await(() -> again.held() == ATTEMPTS, () -> again.held() + " tunnels");
            }
        }
    }
}
