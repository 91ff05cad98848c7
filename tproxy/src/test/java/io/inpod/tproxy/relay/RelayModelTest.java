package io.inpod.tproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.bpf.SockMap;
import io.inpod.netns.testing.SockMaps;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Random schedules of writing, reading, stalling, ending and resetting at both ends of a relay, compared with a model that knows what each
 * end must see. To repeat a schedule that failed, run it with its seed: {@code new RelayModel(path, seed).run()}.
 */
@Timeout(300)
class RelayModelTest {
    private static final long SEED = 20261126;

    @Test
    void socketToSocket() throws Exception {
        try (RelayPath path = new SocketPath(Kind.OURS)) {
            runs(path, 2000);
        }
    }

    @Test
    void throughSocketsOfNetty() throws Exception {
        try (RelayPath path = new SocketPath(Kind.NETTYS)) {
            runs(path, 500);
        }
    }

    @Test
    void throughTls() throws Exception {
        try (RelayPath path = new TlsPath()) {
            runs(path, 60);
        }
    }

    @Test
    void throughATunnel() throws Exception {
        try (RelayPath path = new TunnelPath()) {
            runs(path, 150);
        }
    }

    @Test
    void throughATunnelThatBypassesTheNetwork() throws Exception {
        try (SockMap sockets = SockMaps.open()) {
            SockMaps.require(sockets);
            try (TunnelPath path = new TunnelPath(sockets)) {
                runs(path, 150);
                assertThat(path.joined()).isTrue();
            }
        }
    }

    private static void runs(RelayPath path, int schedules) throws Exception {
        Random seeds = new Random(SEED);
        for (int i = 0; i < schedules; i++) {
            long seed = seeds.nextLong();
            try {
                new RelayModel(path, seed).run();
            } catch (Exception | AssertionError e) {
                throw new AssertionError("schedule " + i + ", seed " + seed + "L: " + e.getMessage(), e);
            }
        }
    }
}
