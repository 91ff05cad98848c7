package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.TunnelRefusedException;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A remote client causes as many lines of the log as it can, beside another client of the same pod and an uninvolved pair. */
@Timeout(180)
@Pods(4)
class LogShareTest {
    private static final int ROUNDS = 20;
    /** A third of all lines of a period, and the lines of others. */
    private static final long MOST_HELD = Main.LOG_LINES / 3 + 4 * ROUNDS;
    private static final InetSocketAddress FOREIGN = new InetSocketAddress("10.99.0.1", 80);

    @Test
    void aClientsLinesDoNotDisplaceOthersAndEachIsWrittenOrCounted(PodNetwork network, @TempDir Path home) throws Exception {
        try (ShareScene scene = ShareScene.start(network, home, Map.of());
                RemoteClient hoarder = new RemoteClient(scene.ztunnel, scene.remote, scene.p, "sa-p");
                RemoteClient other = new RemoteClient(scene.ztunnel, scene.q, scene.p, "sa-p")) {
            String address = scene.remote.address().getHostAddress();
            hoarder.keepAsking(50, FOREIGN, 30); // refused, with a line each: it isn't an address of this pod
            scene.ztunnel.awaitLine(0, "has its share of log lines");
            for (int i = 0; i < ROUNDS; i++) {
                scene.awaitMore(hoarder::refused);
                scene.request(scene.q, scene.r);
                assertThat(other.connect(new InetSocketAddress("10.99.0.2", 1 + i)).await().cause()).isInstanceOf(TunnelRefusedException.class);
            }
            hoarder.stop();

            int requests = ShareScene.FIRST_REQUESTS + ROUNDS;
            for (String direction : List.of("outbound", "inbound")) {
                scene.ztunnel.await(() -> count(scene, "connection complete\t.*direction=\"" + direction + "\"") == requests,
                        () -> "an " + direction + " line for each request");
            }
            for (int i = 0; i < ROUNDS; i++) {
                scene.ztunnel.awaitLine(0, "dst.hbone_addr=10.99.0.2:" + (1 + i) + " ");
            }
            scene.ztunnel.await(() -> written(scene, address) + leftOut(scene, address) == hoarder.refused(),
                    () -> written(scene, address) + " lines and " + leftOut(scene, address) + " left out of " + hoarder.refused());
            assertThat(scene.counted("has its share of log lines", "left_out")).isEqualTo(leftOut(scene, address)).isPositive();
            assertThat(held(scene)).isNotEmpty().allMatch(lines -> lines <= MOST_HELD);

            int before = written(scene, address);
            assertThat(hoarder.connect(FOREIGN).await().cause()).isInstanceOf(TunnelRefusedException.class);
            scene.ztunnel.await(() -> written(scene, address) == before + 1, () -> "one more line of the client");
        }
    }

    private static int count(ShareScene scene, String pattern) throws IOException {
        Pattern wanted = Pattern.compile(pattern);
        return (int) scene.ztunnel.lines().stream().filter(line -> wanted.matcher(line).find()).count();
    }

    private static int written(ShareScene scene, String address) throws IOException {
        return count(scene, "connection failed\tsrc\\.addr=" + Pattern.quote(address) + ":");
    }

    private static long leftOut(ShareScene scene, String address) throws IOException {
        Pattern line = Pattern.compile("(\\d+) lines left out for client " + Pattern.quote(address) + " of .*name-p");
        return scene.ztunnel.lines().stream().flatMap(text -> line.matcher(text).results()).mapToLong(found -> Long.parseLong(found.group(1))).sum();
    }

    /** Returns how many lines all pods had together at the end of those periods in which some were left out. */
    private static List<Long> held(ShareScene scene) throws IOException {
        Pattern held = Pattern.compile("has its share of log lines\t.*held=(\\d+)");
        return scene.ztunnel.lines().stream().flatMap(line -> held.matcher(line).results()).map(found -> Long.valueOf(found.group(1))).toList();
    }
}
