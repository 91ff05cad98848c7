package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A pod occupies the look-ups of names, and it and a remote client have many connections, beside an uninvolved pair. */
@Timeout(180)
@Pods(4)
class ThreadsTest {
    private static final int NAMES = 150;
    private static final int CONNECTIONS = 300;
    private static final int PODS = 5;
    private static final int SILENT_APP = 8081;

    @Test
    void noneIsStartedForAPodANameOrAConnectionAndNamesHaveShares(PodNetwork network, @TempDir Path home) throws Exception {
        List<AutoCloseable> held = new ArrayList<>();
        try (NameServer names = new NameServer(network.pod(2).address());
                ShareScene scene = ShareScene.start(network, home, Map.of(), NameServer.through(home))) {
            Tool.run(scene.p.namespace(), "iptables", "-A", "INPUT", "-p", "tcp", "--dport", "" + SILENT_APP, "-j", "DROP");
            scene.request(scene.q, scene.r, "first.test");
            List<String> before = scene.ztunnel.threads();
            int descriptors = scene.ztunnel.descriptors().size();
            assertThat(before).filteredOn(name -> name.startsWith("resolver-")).hasSize(16);
            assertThat(before).filteredOn(name -> name.startsWith("ztunnel-")).hasSize(2);
            try (RemoteClient client = new RemoteClient(scene.ztunnel, scene.remote, scene.p, "sa-p")) {
                for (int i = 0; i < PODS; i++) {
                    NetworkNamespace pod = NetworkNamespace.create();
                    held.add(pod);
                    assertThat(scene.agent.add("more" + i, pod)).isEqualTo("ack");
                }
                client.keepAsking(50, new InetSocketAddress(scene.p.address(), SILENT_APP), 50);
                for (int i = 0; i < CONNECTIONS; i++) {
                    SocketChannel silent = scene.remote.namespace().<SocketChannel, IOException>call(SocketChannel::open);
                    held.add(silent);
                    silent.configureBlocking(false);
                    silent.connect(new InetSocketAddress(scene.p.address(), 15008));
                }
                List<Socket> asking = new ArrayList<>();
                for (int i = 0; i < NAMES; i++) {
                    asking.add(ShareScene.ask(scene.p, "slow" + i + ".test", ShareScene.APP));
                }
                held.addAll(asking);
                scene.ztunnel.awaitLine(0, "has too many names to look up");
                for (int i = 0; i < 20; i++) {
                    scene.request(scene.q, scene.r, "name" + i + ".test");
                }

                assertThat(scene.ztunnel.threads()).isEqualTo(before);
                long refused = refused(asking);
                assertThat(refused).isPositive();
                scene.ztunnel.await(() -> scene.counted("has too many names to look up", "refused") == refused,
                        () -> refused + " refusals, each of which is counted");
            }
            for (AutoCloseable one : held) {
                one.close();
            }
            for (int i = 0; i < PODS; i++) {
                scene.agent.acked("del more" + i);
            }
            names.release();
            scene.ztunnel.awaitDescriptors(descriptors);
            scene.request(scene.p, scene.r, "last.test");
            assertThat(scene.ztunnel.threads()).isEqualTo(before);
        } finally {
            for (AutoCloseable one : held) {
                one.close();
            }
        }
    }

    /** Returns how many were told that the request failed; the others are told nothing, and disconnected after a while. */
    private static long refused(List<Socket> asking) throws IOException {
        long refused = 0;
        for (Socket socket : asking) {
            try {
                byte[] reply = socket.getInputStream().readNBytes(2);
                refused += reply.length == 2 && reply[1] == 1 ? 1 : 0;
            } catch (SocketException e) {
                assertThat(e).hasMessageContaining("reset");
            }
        }
        return refused;
    }
}
