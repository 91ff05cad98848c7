package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.ShareScene.Kept;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the traffic of one connection takes on the event loops, through SOCKS5 and a tunnel, both of whose ends are in one ztunnel.
 * {@link ConnectionCostTest} says what a bound means.
 */
@Timeout(180)
@Pods(value = 4, perClass = true)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TrafficCostTest {
    private static final int REQUESTS = 1_000;
    private static final int MEBIBYTES = 64;
    private static final int KIBIBYTE = 1 << 10;
    private static final int MEBIBYTE = 1 << 20;

    /** Of a request of 1 KiB and an answer of 1 KiB: 8.3. One call more for either exceeds the bound. */
    private static final double MOST_CALLS_OF_A_REQUEST = 8.7;
    /** Of the same: 1,376 to 1,377; from Java 22 on 1,505. */
    private static final long MOST_BYTES_OF_A_REQUEST = Runtime.version().feature() < 22 ? 1_450 : 1_580;
    /**
     * Of a MiB from the client to the server: 24.3 to 25.7. How much there is to read at a time is a matter of timing, hence the wide
     * bound. It protects from small buffers, from writing each record or frame by itself, and from stopping and starting more often.
     */
    private static final double MOST_CALLS_OF_A_MEBIBYTE = 37;
    /**
     * Of the same: 29,690 to 30,330; from Java 22 on 33,600 to 34,620. It protects from data on the heap: a copy of each byte alone
     * takes 1,048,576.
     */
    private static final long MOST_BYTES_OF_A_MEBIBYTE = 45_000;

    private ShareScene scene;
    private Kept connection;

    @BeforeAll
    void start(PodNetwork network, @TempDir Path home) throws Exception {
        scene = ShareScene.start(network, home, LoopAllocation.SETTINGS);
        connection = scene.connect(scene.q, scene.r, scene.r.address().getHostAddress());
    }

    @AfterAll
    void stop() throws Exception {
        if (connection != null) {
            connection.close();
        }
        if (scene != null) {
            scene.close();
        }
    }

    @Test
    void systemCallsOfARequest() throws Exception {
        exchange();
        LoopCalls calls = LoopCalls.during(scene.ztunnel, this::exchange);
        assertThat(calls.each(REQUESTS)).as("%s of %s requests", calls, REQUESTS).isBetween(4.0, MOST_CALLS_OF_A_REQUEST);
    }

    @Test
    void allocationOfARequest() throws Exception {
        exchange();
        assertThat(LoopAllocation.during(this::exchange) / REQUESTS).as("bytes for a request").isBetween(100L, MOST_BYTES_OF_A_REQUEST);
    }

    @Test
    void systemCallsOfAMebibyte() throws Exception {
        transfer();
        LoopCalls calls = LoopCalls.during(scene.ztunnel, this::transfer);
        assertThat(calls.each(MEBIBYTES)).as("%s of %s MiB", calls, MEBIBYTES).isBetween(4.0, MOST_CALLS_OF_A_MEBIBYTE);
    }

    @Test
    void allocationOfAMebibyte() throws Exception {
        transfer();
        assertThat(LoopAllocation.during(this::transfer) / MEBIBYTES).as("bytes for a MiB").isBetween(100L, MOST_BYTES_OF_A_MEBIBYTE);
    }

    private void exchange() throws IOException {
        for (int i = 0; i < REQUESTS; i++) {
            send(connection.client(), connection.app());
            send(connection.app(), connection.client());
        }
    }

    private static void send(Socket from, Socket to) throws IOException {
        from.getOutputStream().write(new byte[KIBIBYTE]);
        assertThat(to.getInputStream().readNBytes(KIBIBYTE)).hasSize(KIBIBYTE);
    }

    private void transfer() throws Exception {
        FutureTask<Void> sent = new FutureTask<>(() -> {
            for (int i = 0; i < MEBIBYTES; i++) {
                connection.client().getOutputStream().write(new byte[MEBIBYTE]);
            }
            return null;
        });
        new Thread(sent, "sender").start();
        for (int i = 0; i < MEBIBYTES; i++) {
            assertThat(connection.app().getInputStream().readNBytes(MEBIBYTE)).hasSize(MEBIBYTE);
        }
        sent.get(30, TimeUnit.SECONDS);
    }
}
