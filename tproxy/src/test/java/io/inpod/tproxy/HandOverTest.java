package io.inpod.tproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.LinuxSocketOptions;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.listen.AcceptLoop;
import io.inpod.tproxy.listen.AcceptRules;
import io.inpod.tproxy.listen.HandOver;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Ports are handed over from one process to another while clients keep connecting. */
@Timeout(180)
class HandOverTest {
    private static final List<Integer> PORTS = List.of(15001, 15006, 15008);
    private static final int PORT = PORTS.get(0);
    private static final int LAST = PORTS.get(PORTS.size() - 1);
    private static final int CLIENTS = 8;
    private static final int CLIENTS_IN_QUEUES = 60;
    private static final int ENOUGH = 200;
    private static final String SETTING = "/proc/sys/net/ipv4/tcp_migrate_req";

    @Test
    @Pods(2)
    void losesNoClientWhereTheKernelMovesTheQueue(PodNetwork network) throws Exception {
        String report = handOver(network, List.of());
        assertThat(report).isEqualTo(PORTS.stream().map(port -> "HandOver[method=MIGRATION, risk=null]").toList().toString());
        assertThat(setting(network)).isEqualTo("0");
    }

    /** Settings are read-only in most containers. */
    @Test
    @Pods(2)
    void losesNoClientWhereSettingsAreReadOnly(PodNetwork network) throws Exception {
        List<String> readOnly = List.of("unshare", "--mount", "sh", "-c",
                "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec \"$@\"", "sh");
        assertThat(handOver(network, readOnly))
                .isEqualTo(PORTS.stream().map(port -> "HandOver[method=SELECTION, risk=null]").toList().toString());
    }

    private static String handOver(PodNetwork network, List<String> prefix) throws Exception {
        Tool.require("unshare");
        String where = Tool.pathOf(network.pod(0).namespace()).toString();
        try (ChildJvm older = start(prefix, where, "A"); Load load = new Load(network.pod(1), network.pod(0))) {
            load.await(load.older, ENOUGH);
            try (ChildJvm newer = start(List.of(), where, "B")) {
                assertThat(newer).isNotNull();
                load.await(load.newer, ENOUGH);
                older.say("hand over");
                String report = older.line();
                int before = load.older.get() + CLIENTS; // plus those whose answer is still in flight
                load.await(load.newer, load.newer.get() + ENOUGH);
                assertThat(load.older.get()).isLessThanOrEqualTo(before);
                load.end();
                assertThat(load.failures).isEmpty();
                return report;
            }
        }
    }

    private static ChildJvm start(List<String> prefix, String where, String greeting) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(where, greeting));
        PORTS.forEach(port -> arguments.add(port.toString()));
        ChildJvm child = ChildJvm.start(prefix, HandOverProcess.class, arguments.toArray(String[]::new));
        assertThat(child.line()).isEqualTo("listening");
        return child;
    }

    /** One listener's event loop is busy until the others have finished, so it is closed last, and its queue still needs the setting. */
    @Test
    @Pods
    void theSettingStaysUntilTheLastListenerIsClosed(PodNetwork network) throws Exception {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, RelayIoHandler.newFactory());
        MultiThreadIoEventLoopGroup slow = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
        Recorder recorder = new Recorder(loops);
        List<AcceptLoop> listeners = new ArrayList<>();
        List<SocketChannel> clients = new ArrayList<>();
        CountDownLatch busy = new CountDownLatch(1);
        try {
            List<AcceptLoop> older = new ArrayList<>();
            for (int port : PORTS) {
                older.add(listen(network, port, (port == LAST ? slow : loops).next(), recorder));
                listeners.add(listen(network, port, loops.next(), recorder));
            }
            listeners.addAll(older);
            for (AcceptLoop listener : older) {
                listener.channel().config().setAutoRead(false); // clients stay in its queue
            }
            slow.next().submit(() -> { }).sync();
            for (int i = 0; i < CLIENTS_IN_QUEUES; i++) {
                clients.add(network.pod(0).namespace().call(() -> SocketChannel.open()));
                clients.get(i).connect(new InetSocketAddress(network.pod(0).address(), PORTS.get(i % PORTS.size())));
            }
            slow.execute(() -> awaitUninterruptibly(busy));

            List<Future<HandOver>> handOvers = AcceptLoop.handOver(older, Duration.ofSeconds(1));
            for (Future<HandOver> handOver : handOvers.subList(0, handOvers.size() - 1)) {
                assertThat(handOver.sync().getNow()).isEqualTo(new HandOver(HandOver.Method.MIGRATION, null));
            }
            assertThat(setting(network)).isEqualTo("1");
            busy.countDown();
            assertThat(handOvers.get(handOvers.size() - 1).sync().getNow()).isEqualTo(new HandOver(HandOver.Method.MIGRATION, null));

            assertThat(setting(network)).isEqualTo("0");
            for (int i = 0; i < CLIENTS_IN_QUEUES; i++) {
                io.netty.channel.socket.SocketChannel connection = recorder.connections.poll(30, TimeUnit.SECONDS);
                assertThat(connection).as("connection %s", i).isNotNull();
                connection.close(); // whether or not it has an event loop
            }
            assertThat(recorder.failures).isEmpty();
        } finally {
            busy.countDown();
            for (SocketChannel client : clients) {
                client.close();
            }
            listeners.forEach(AcceptLoop::close);
            slow.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
            loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
        }
    }

    private static AcceptLoop listen(PodNetwork network, int port, EventLoop loop, Recorder recorder) throws IOException {
        return AcceptLoop.listen(network.pod(0).namespace(), new InetSocketAddress("0.0.0.0", port),
                SocketOptions.NONE.with(LinuxSocketOptions.REUSE_PORT, true), loop, AcceptRules.ofPorts(Set.of(), recorder.own), recorder);
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String setting(PodNetwork network) throws IOException {
        return Tool.run(network.pod(0).namespace(), "cat", SETTING).strip();
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

    /** Clients that connect repeatedly; each expects a greeting and an orderly end. */
    private static final class Load implements AutoCloseable {
        final AtomicInteger older = new AtomicInteger();
        final AtomicInteger newer = new AtomicInteger();
        final Queue<String> failures = new ConcurrentLinkedQueue<>();
        private final ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
        private final CompletableFuture<?> ended;
        private volatile boolean over;

        Load(Pod from, Pod to) {
            CompletableFuture<?>[] clients = new CompletableFuture<?>[CLIENTS];
            for (int i = 0; i < CLIENTS; i++) {
                clients[i] = CompletableFuture.runAsync(() -> {
                    for (int n = 0; !over; n++) {
                        connect(from, new InetSocketAddress(to.address(), PORTS.get(n % PORTS.size())));
                    }
                }, threads);
            }
            ended = CompletableFuture.allOf(clients);
        }

        /** Waits until the last client has received its answer. */
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
