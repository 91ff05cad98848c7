package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ExecutorService;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The figures of pools, windows and shares, for connections whose state is known. */
@Timeout(120)
@Pods(4)
class FiguresTest {
    @Test
    void poolsWindowsAndSharesHaveFigures(PodNetwork network, @TempDir Path home) throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        ExecutorService writer = Executors.newSingleThreadExecutor();
        Map<String, String> settings = Map.of("INPOD_STATS_PORT", Integer.toString(port), "INPOD_MAX_SOCKETS", "1000", "INPOD_MAX_BUFFER_MIB", "64");
        try (ShareScene scene = ShareScene.start(network, home, settings)) {
            double opened = figure(port, "inpod_hbone_connections_opened_total{reporter=\"source\"}");
            assertThat(opened).as("for three pairs, on two event loops").isBetween(3.0, (double) ShareScene.FIRST_REQUESTS);
            assertThat(figure(port, "inpod_hbone_tunnels_opened_total{reporter=\"source\"}")).isEqualTo(ShareScene.FIRST_REQUESTS);
            assertThat(figure(port, "inpod_hbone_connections_failed_total{reporter=\"source\"}")).isZero();
            assertThat(figure(port, "inpod_sockets_max")).isEqualTo(1000);
            assertThat(figure(port, "inpod_buffer_max_bytes")).isEqualTo(64 << 20);
            scene.ztunnel.await(() -> figure(port, "inpod_sockets") == 2 * opened, () -> "the sockets of connections for tunnels");
            assertThat(figure(port, "inpod_hbone_tunnels_blocked{reporter=\"source\"}")).isZero();

            Tool.run(scene.r.namespace(), "ip", "rule", "add", "ipproto", "tcp", "sport", "8081", "lookup", "100");
            try (ServerSocketChannel app = scene.r.namespace().<ServerSocketChannel, Exception>call(ServerSocketChannel::open).bind(new InetSocketAddress("0.0.0.0", 8081));
                    Socket client = ShareScene.ask(scene.q, scene.r.address().getHostAddress(), 8081); SocketChannel accepted = app.accept()) {
                assertThat(accepted.isOpen()).isTrue();
                assertThat(ShareScene.answer(client)).isZero();
                writer.execute(() -> {
                    try {
                        for (byte[] data = new byte[1 << 16];;) {
                            client.getOutputStream().write(data); // the app reads nothing
                        }
                    } catch (java.io.IOException e) {
                        // closed
                    }
                });
                scene.ztunnel.await(() -> figure(port, "inpod_hbone_tunnels_blocked{reporter=\"source\"}") == 1, () -> "a blocked tunnel");
                assertThat(figure(port, "inpod_hbone_tunnels_blocked{reporter=\"destination\"}")).as("the app sends nothing").isZero();
                assertThat(figure(port, "inpod_buffer_bytes")).isPositive();
            }
            scene.ztunnel.await(() -> figure(port, "inpod_buffer_bytes") == 0 && figure(port, "inpod_sockets") == 2 * opened,
                    () -> "held after the end: " + figure(port, "inpod_buffer_bytes"));
        } finally {
            writer.shutdownNow();
        }
    }

    private static double figure(int port, String series) throws Exception {
        try (InputStream in = URI.create("http://127.0.0.1:" + port + "/metrics").toURL().openStream()) {
            Matcher sample = Pattern.compile("(?m)^" + Pattern.quote(series) + " (.*)$").matcher(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            assertThat(sample.find()).as(series).isTrue();
            return Double.parseDouble(sample.group(1));
        }
    }
}
