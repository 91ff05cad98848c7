package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.relay.RelayResult;
import io.inpod.tproxy.relay.RelaySide;
import io.netty.channel.ConnectTimeoutException;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that reset, servers that don't answer, peers that vanish. */
@Timeout(180)
class PeerFaultsTest {
    private static void reset(SocketChannel socket) throws IOException {
        socket.socket().setSoLinger(true, 0);
        socket.close();
    }

    private static void assertReset(SocketChannel socket) {
        assertThatThrownBy(() -> socket.socket().getInputStream().read()).isInstanceOf(IOException.class).hasMessageContaining("reset");
    }

    @Test
    @Pods(2)
    void aClientThatResetsDuringTheConnectTakesItsUpstreamAlong(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        NetworkNamespace far = network.pod(1).namespace();
        FaultScene.drop(far, "tcp dport 8080"); // the upstream's SYN gets no answer
        try (FaultScene scene = new FaultScene(pod); ServerSocketChannel server = FaultScene.serve(far)) {
            SocketChannel client = FaultScene.connect(pod, network.pod(1).address());
            awaitSockets(pod, "syn-sent", 1);
            reset(client);
            assertThat(scene.failure()).isInstanceOf(CancellationException.class);
            awaitSockets(pod, "syn-sent", 0);
            FaultScene.dropNothing(far);
            try (SocketChannel next = FaultScene.connect(pod, network.pod(1).address()); SocketChannel accepted = FaultScene.accept(server)) {
                FaultScene.exchange(next, accepted);
            }
            assertThat(scene.result().isComplete()).isTrue();
        }
    }

    /** Returns the system's listing of connections to the server that have the mark. */
    private static void awaitSockets(NetworkNamespace pod, String state, int count) throws Exception {
        while (Tool.run(pod, "ss", "-Htn", "state", state, "dport", "=", ":8080").lines().count() != count) {
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    @Test
    @Pods(2)
    void aClientThatResetsBeforeTheFirstByteAndWhileRelayingResetsTheServer(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (FaultScene scene = new FaultScene(pod); ServerSocketChannel server = FaultScene.serve(network.pod(1).namespace())) {
            for (boolean talks : new boolean[] {false, true}) {
                SocketChannel client = FaultScene.connect(pod, network.pod(1).address());
                try (SocketChannel accepted = FaultScene.accept(server)) {
                    if (talks) {
                        FaultScene.exchange(client, accepted);
                    }
                    reset(client);
                    assertReset(accepted);
                    if (talks) { // otherwise the relay might never have started
                        assertThat(scene.result().failedSide()).isEqualTo(RelaySide.DOWNSTREAM);
                        scene.results.clear();
                    }
                }
            }
        }
    }

    @Test
    @Pods(2)
    void aServerThatNeverAnswersResetsTheClientInTime(PodNetwork network) throws Exception {
        FaultScene.drop(network.pod(1).namespace(), "tcp dport 8080");
        try (FaultScene scene = new FaultScene(network.pod(0).namespace(), Duration.ofMillis(200));
                SocketChannel client = FaultScene.connect(network.pod(0).namespace(), network.pod(1).address())) {
            assertReset(client);
            assertThat(scene.failure()).isInstanceOf(ConnectTimeoutException.class);
        }
    }

    @Test
    @Pods(2)
    void keepaliveFindsAServerThatHasVanished(PodNetwork network) throws Exception {
        NetworkNamespace far = network.pod(1).namespace();
        vanishes(network.pod(0).namespace(), network.pod(0).namespace(), network, 1, () -> FaultScene.drop(far, "tcp sport != 0"), RelaySide.UPSTREAM);
    }

    @Test
    @Pods(2)
    void keepaliveFindsAClientThatHasVanished(PodNetwork network) throws Exception {
        NetworkNamespace far = network.pod(1).namespace();
        vanishes(network.pod(0).namespace(), far, network, 0, () -> FaultScene.drop(far, "tcp sport != 0"), RelaySide.DOWNSTREAM);
    }

    @Test
    @Pods(2)
    void keepaliveFindsAServerWhoseNamespaceIsDeleted(PodNetwork network) throws Exception {
        // Deleting a namespace deletes its link, but sockets keep this namespace alive, so only the link is deleted.
        try (Rtnetlink node = Rtnetlink.open(network.node())) {
            vanishes(network.pod(0).namespace(), network.pod(0).namespace(), network, 1, () -> node.links().delete(network.pod(1).link()), RelaySide.UPSTREAM);
        }
    }

    private interface Event {
        void happens() throws IOException;
    }

    private static void vanishes(NetworkNamespace pod, NetworkNamespace from, PodNetwork network, int to, Event event, RelaySide side) throws Exception {
        try (FaultScene scene = new FaultScene(pod); ServerSocketChannel server = FaultScene.serve(network.pod(to).namespace());
                SocketChannel client = FaultScene.connect(from, network.pod(to).address()); SocketChannel accepted = FaultScene.accept(server)) {
            FaultScene.exchange(client, accepted);
            event.happens();
            RelayResult result = scene.result();
            assertThat(result.failedSide()).isEqualTo(side);
            assertThat(result.error()).isInstanceOf(IOException.class).hasMessageContaining("timed out");
            assertReset(side == RelaySide.UPSTREAM ? client : accepted); // the peer that still exists
        }
    }

    /** Keepalive drops an unresponsive peer after four seconds; a peer that responds but doesn't read isn't limited. */
    @Test
    @Pods(2)
    void aReaderThatStallsForLongerThanKeepaliveLosesNothing(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        int total = 24 << 20;
        try (FaultScene scene = new FaultScene(pod); ServerSocketChannel server = FaultScene.serve(network.pod(1).namespace());
                SocketChannel client = FaultScene.connect(pod, network.pod(1).address()); SocketChannel accepted = FaultScene.accept(server)) {
            Transfer transfer = new Transfer(client, total);
            TimeUnit.SECONDS.sleep(6);
            assertThat(transfer.isDone()).isFalse();
            assertThat(scene.results).isEmpty();
            transfer.assertReceivedBy(accepted);
            accepted.shutdownOutput();
            assertThat(scene.result().isComplete()).isTrue();
        }
    }
}
