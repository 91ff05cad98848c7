package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.LinuxSocketOptions;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.SocketOptions;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A port that goes from one process to another while clients keep connecting. */
@Timeout(180)
class HandOverTest {
    private static final int PORT = 15006;
    private static final int CLIENTS = 8;
    private static final int ENOUGH = 200;
    private static final String SETTING = "/proc/sys/net/ipv4/tcp_migrate_req";

    @Test
    @Pods(2)
    void losesNoClientWhereTheKernelMovesTheQueue(PodNetwork network) throws Exception {
        String report = handOver(network, List.of());
        assertThat(report).contains("MIGRATION").contains("risk=null");
        assertThat(Tool.run(network.pod(0).namespace(), "cat", SETTING).strip()).isEqualTo("0");
    }

    /** As in most containers. */
    @Test
    @Pods(2)
    void losesNoClientWhereSettingsAreReadOnly(PodNetwork network) throws Exception {
        List<String> readOnly = List.of("unshare", "--mount", "sh", "-c",
                "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec \"$@\"", "sh");
        assertThat(handOver(network, readOnly)).contains("SELECTION").contains("risk=null");
    }

    private static String handOver(PodNetwork network, List<String> prefix) throws Exception {
        Tool.require("unshare");
        String where = ChildJvm.path(network.pod(0).namespace());
        try (ChildJvm older = start(prefix, where, "A"); Load load = new Load(network.pod(1), new InetSocketAddress(network.pod(0).address(), PORT))) {
            load.await(load.older, ENOUGH);
            try (ChildJvm newer = start(List.of(), where, "B")) {
                assertThat(newer).isNotNull();
                load.await(load.newer, ENOUGH);
                older.say("hand over");
                String report = older.line();
                int before = load.older.get() + CLIENTS; // those whose answer is still under way
                load.await(load.newer, load.newer.get() + ENOUGH);
                assertThat(load.older.get()).isLessThanOrEqualTo(before);
                load.end();
                assertThat(load.failures).isEmpty();
                return report;
            }
        }
    }

    private static ChildJvm start(List<String> prefix, String where, String greeting) throws IOException {
        ChildJvm child = ChildJvm.start(prefix, HandOverProcess.class, where, String.valueOf(PORT), greeting);
        assertThat(child.line()).isEqualTo("listening");
        return child;
    }

    @Test
    @Pods
    void saysWhatItCouldNotExclude(PodNetwork network) throws Exception {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
        NetworkNamespace namespace = network.pod(0).namespace();
        try (AcceptLoop alone = AcceptLoop.listen(namespace, new InetSocketAddress("0.0.0.0", PORT),
                SocketOptions.NONE.with(LinuxSocketOptions.REUSE_PORT, true), loops.next(), new Recorder(loops).rules(), new Recorder(loops))) {
            HandOver report = alone.handOver(Duration.ofMillis(10)).sync().getNow();
            assertThat(report.method()).isEqualTo(HandOver.Method.NONE);
            assertThat(report.risk()).contains("no other socket listens");
            assertThat(alone.channel().isOpen()).isFalse();
        } finally {
            loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
        }
    }

    /** Clients that connect again and again, each wants to be greeted and to see a regular end. */
    private static final class Load implements AutoCloseable {
        final AtomicInteger older = new AtomicInteger();
        final AtomicInteger newer = new AtomicInteger();
        final Queue<String> failures = new ConcurrentLinkedQueue<>();
        private final ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
        private final CompletableFuture<?> ended;
        private volatile boolean over;

        Load(Pod from, InetSocketAddress to) {
            CompletableFuture<?>[] clients = new CompletableFuture<?>[CLIENTS];
            for (int i = 0; i < CLIENTS; i++) {
                clients[i] = CompletableFuture.runAsync(() -> {
                    while (!over) {
                        connect(from, to);
                    }
                }, threads);
            }
            ended = CompletableFuture.allOf(clients);
        }

        /** Waits until the last client has had its answer. */
        void end() {
            over = true;
            ended.join();
        }

        private void connect(Pod from, InetSocketAddress to) {
            try (SocketChannel client = from.namespace().call(() -> SocketChannel.open())) {
                client.socket().connect(to, 30_000);
                client.socket().setSoTimeout(30_000);
                byte[] greeting = client.socket().getInputStream().readAllBytes();
                (greeting.length == 1 && greeting[0] == 'A' ? older : newer).incrementAndGet();
                if (greeting.length != 1) {
                    failures.add(greeting.length + " bytes");
                }
            } catch (IOException e) {
                failures.add(e.toString());
            }
        }

        void await(AtomicInteger count, int enough) throws InterruptedException {
            while (count.get() < enough && failures.isEmpty()) {
                TimeUnit.MILLISECONDS.sleep(5);
            }
        }

        @Override
        public void close() {
            end();
            threads.shutdown();
        }
    }
}
