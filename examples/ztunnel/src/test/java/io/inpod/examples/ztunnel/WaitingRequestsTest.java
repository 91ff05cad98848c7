package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.HboneTimes;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.server.HboneServer;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Somebody has as many requests that nobody answers as he can, beside an uninvolved pair of pods. */
@Timeout(180)
@Pods(4)
class WaitingRequestsTest {
    private static final int TOTAL = 90;
    private static final Map<String, String> LIMITS = Map.of("INPOD_MAX_SOCKETS", "" + TOTAL, "INPOD_IDLE_AT_LIMIT", "1h");
    private static final int SILENT_APP = 8081;

    /** A remote client sends CONNECT for an app that doesn't answer. */
    @Test
    void aRemoteClientsRequestsForAnApp(PodNetwork network, @TempDir Path home) throws Exception {
        try (ShareScene scene = ShareScene.start(network, home, LIMITS)) {
            Tool.run(scene.p.namespace(), "iptables", "-A", "INPUT", "-p", "tcp", "--dport", "" + SILENT_APP, "-j", "DROP");
            int before;
            try (RemoteClient client = new RemoteClient(scene.ztunnel, scene.remote, scene.p, "sa-p")) {
                assertThat(client.connect(new InetSocketAddress(scene.p.address(), ShareScene.APP)).get().close().await().isSuccess()).isTrue();
                before = scene.ztunnel.descriptors().size();

                client.keepAsking(50, new InetSocketAddress(scene.p.address(), SILENT_APP), 50);
                scene.serveWhile(client::refused);

                scene.ztunnel.awaitLine(0, "has its share of sockets");
                assertThat(scene.counted("has its share of sockets", "refused")).isPositive();
                scene.ztunnel.awaitDescriptors(before + TOTAL / 3);
            }
            scene.ztunnel.awaitDescriptors(before);
            try (RemoteClient again = new RemoteClient(scene.ztunnel, scene.remote, scene.p, "sa-p")) {
                assertThat(again.connect(new InetSocketAddress(scene.p.address(), ShareScene.APP)).get().isActive()).isTrue();
            }
        }
    }

    /** The apps of a pod connect to a pod on another node, whose proxy accepts connections and says nothing, or doesn't answer CONNECT. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPodsRequestsForATunnel(boolean handshake, PodNetwork network, @TempDir Path home) throws Exception {
        try (ShareScene scene = ShareScene.start(network, home, LIMITS)) {
            int before = scene.ztunnel.descriptors().size();
            try (AutoCloseable peer = handshake ? unanswering(scene) : silent(scene); Asking apps = new Asking(scene)) {
                assertThat(peer).isNotNull();

                scene.serveWhile(apps.refused::get);

                scene.ztunnel.awaitLine(0, "has its share of sockets");
                assertThat(scene.counted("has its share of sockets", "refused")).isPositive();
                scene.ztunnel.awaitDescriptors(before + TOTAL / 2);
            }
            scene.ztunnel.awaitDescriptors(before);
            scene.request(scene.p, scene.r);
        }
    }

    private static AutoCloseable silent(ShareScene scene) throws IOException {
        ServerSocketChannel listener = scene.remote.namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
        return listener.bind(new InetSocketAddress("0.0.0.0", 15008), 200);
    }

    private static AutoCloseable unanswering(ShareScene scene) throws Exception {
        HboneOptions options = HboneOptions.server().with(HboneTimes.server().withAnswer(Duration.ofHours(1)));
        HboneServer server = new HboneServer(DevelopmentCa.open(scene.ztunnel.home.resolve("ca")), options, HboneEvents.NONE);
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
        new ServerBootstrap().group(loops).channelFactory(NettyChannels.server(scene.remote.namespace()))
                .childHandler(server.handler(new SpiffeId("cluster.local", "default", "sa-s"), request -> {})).bind("0.0.0.0", 15008).sync();
        return () -> loops.shutdownGracefully(100, 20_000, TimeUnit.MILLISECONDS).sync();
    }

    /** Apps of p that ask for tunnels to the workload s, and ask again when a request has failed. */
    private static final class Asking implements AutoCloseable {
        final AtomicInteger refused = new AtomicInteger();
        private final ShareScene scene;
        private final AtomicBoolean over = new AtomicBoolean();
        private final List<Socket> waiting = new ArrayList<>();
        private final CompletableFuture<Void> work;

        Asking(ShareScene scene) {
            this.scene = scene;
            work = CompletableFuture.runAsync(this::ask);
        }

        private void ask() {
            while (!over.get() && waiting.size() < 2 * TOTAL) {
                try {
                    waiting.add(ShareScene.ask(scene.p, scene.remote.address().getHostAddress(), ShareScene.APP));
                } catch (IOException e) {
                    refused.incrementAndGet();
                    waiting.removeIf(Asking::answered);
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
                }
            }
        }

        /** Whether it has been answered, that is, refused: then its app disconnects. */
        private static boolean answered(Socket socket) {
            try {
                if (socket.getInputStream().available() == 0) {
                    return false;
                }
                socket.close();
                return true;
            } catch (IOException e) {
                return true;
            }
        }

        @Override
        public void close() throws IOException {
            over.set(true);
            work.join();
            for (Socket socket : waiting) {
                socket.close();
            }
        }
    }
}
