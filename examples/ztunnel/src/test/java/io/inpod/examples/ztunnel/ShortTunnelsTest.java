package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.SockMaps;
import io.inpod.netns.testing.Tool;
import io.inpod.netns.bpf.SockMap;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tunnels between pods of one node bypass the network, if that is wanted. What crosses it is counted by `ip -s link`. */
@Timeout(120)
@Pods(4)
class ShortTunnelsTest {
    private static final int REQUESTS = 50;
    private static final Pattern SENT = Pattern.compile("TX:.*\\n *\\d+ +(\\d+)");

    private static long packets(Pod pod) throws IOException {
        Matcher sent = SENT.matcher(Tool.run(pod.namespace(), "ip", "-s", "link", "show", "eth0"));
        assertThat(sent.find()).isTrue();
        return Long.parseLong(sent.group(1));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void requestsCrossTheNetworkUnlessTunnelsBypassIt(boolean bypassed, PodNetwork network, @TempDir Path home) throws Exception {
        try (SockMap possible = SockMaps.open()) {
            SockMaps.require(possible);
        }
        try (ShareScene scene = ShareScene.start(network, home, Map.of("INPOD_SOCKMAP", Boolean.toString(bypassed)))) {
            String to = scene.r.address().getHostAddress();
            try (Socket first = ShareScene.ask(scene.q, to, ShareScene.APP)) {
                assertThat(ShareScene.answer(first)).isZero();
            }
            long before = packets(scene.q) + packets(scene.r);
            for (int i = 0; i < REQUESTS; i++) {
                try (Socket client = ShareScene.ask(scene.q, to, ShareScene.APP)) {
                    assertThat(ShareScene.answer(client)).isZero();
                }
            }
            long crossed = packets(scene.q) + packets(scene.r) - before;
            if (bypassed) {
                assertThat(crossed).isLessThan(REQUESTS / 2); // what keeps addresses known
            } else {
                assertThat(crossed).isGreaterThan(2 * REQUESTS);
            }
        }
    }
}
