package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.doctor.Capability;
import io.inpod.netns.error.AlreadyClosedException;
import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.PacketSocket;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.socket.UdpSocket;
import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.netns.unix.SeqpacketListener;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.UnixMessage;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Misuse is reported: no thread is lost, nothing hangs, nothing is closed twice. */
@Pods(1)
class MisuseTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final NamespaceAction<RuntimeException> NOTHING = () -> {};

    private static void idOf(NetworkNamespace other, NetworkNamespace observer) throws IOException {
        try (Rtnetlink network = Rtnetlink.open(observer)) {
            network.namespaceId(other);
        }
    }

    private static String whereAmI() throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net")).toString();
    }

    /** On each of the last frames before the end of the stack, a thread either stays in its namespace or returns to it. */
    @Test
    void aThreadWithLittleStackReturns(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        List<String> stranded = new ArrayList<>();
        pod.run(NOTHING); // loads classes
        for (int round = 0; round < 40; round++) {
            boolean warm = round % 2 == 0;
            Thread thread = new Thread(() -> {
                try {
                    String home = whereAmI();
                    if (warm) {
                        pod.run(NOTHING);
                    }
                    int[] tries = {300};
                    enterFromTheDepths(pod, tries, stranded);
                    assertThat(tries[0]).isZero();
                    if (!whereAmI().equals(home)) {
                        stranded.add(whereAmI());
                    }
                    pod.run(NOTHING); // the thread isn't lost either
                } catch (IOException | RuntimeException | Error e) {
                    stranded.add(e.toString());
                }
            });
            thread.start();
            thread.join();
        }
        assertThat(stranded).isEmpty();
    }

    @SuppressWarnings("InfiniteRecursion") // it overflows the stack on purpose
    private static void enterFromTheDepths(NetworkNamespace pod, int[] tries, List<String> stranded) {
        try {
            enterFromTheDepths(pod, tries, stranded);
        } catch (StackOverflowError e) {
            // the deepest frame; from here on with one frame less each time
        }
        if (tries[0] > 0) {
            tries[0]--;
            try {
                pod.run(NOTHING);
            } catch (NamespaceLostError e) {
                stranded.add(e + ", since " + e.getCause());
            } catch (IOException | VirtualMachineError | LinkageError e) {
                // not enough stack, as expected
            }
        }
    }

    @Test
    void anExecutorsOwnThreadCannotWaitForItsEnd(PodNetwork network) throws Exception {
        try (NamespaceExecutor executor = NamespaceExecutor.create(1, work -> new Thread(work, "its own"))) {
            CompletableFuture<Throwable> refusal = new CompletableFuture<>();
            Runnable close = executor::close;
            executor.call(network.pod(0).namespace(), () -> {
                try {
                    close.run();
                } catch (IllegalStateException e) {
                    refusal.complete(e);
                }
                return "";
            });
            assertThat(refusal.get(10, TimeUnit.SECONDS)).hasMessageContaining("\"its own\" can't wait for its end");
            assertThat(executor.call(network.pod(0).namespace(), MisuseTest::whereAmI).toCompletableFuture().get()).isEqualTo(network.pod(0).namespace().identity().toString());
        }
    }

    @Test
    void aSurplusReleaseIsRefusedAndClosesNothing(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace().duplicate();
        assertThatThrownBy(() -> pod.fd().release()).isInstanceOf(IllegalStateException.class).hasMessageContaining("more releases than acquires of fd ");
        assertThat(pod.<String, IOException>call(MisuseTest::whereAmI)).isEqualTo(pod.identity().toString());
        pod.close();
        assertThatThrownBy(() -> pod.fd().release()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void everyUseOfAClosedNamespaceNamesIt(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        NetworkNamespace closed = pod.duplicate();
        closed.close();
        LeakCheck leaks = LeakCheck.begin();
        List<ThrowingCallable> uses = List.of(
                () -> closed.run(() -> {}), closed::owningUserNamespace, closed::duplicate, () -> Rtnetlink.open(closed), () -> idOf(closed, pod),
                () -> JdkChannels.listen(closed, SocketOptions.NONE, new InetSocketAddress(0)), () -> PacketSocket.open(closed, 0));
        for (var use : uses) {
            assertThatThrownBy(use).isInstanceOf(AlreadyClosedException.class).hasMessage(closed + " is closed");
        }
        assertThatThrownBy(() -> NettyChannels.client(closed).newChannel()).hasMessage("no socket in " + closed + ": " + closed + " is closed");
        assertThat(Capability.MARK.check(closed).reason()).isEqualTo(closed + " is closed");
        leaks.verify();
    }

    @Test
    void everyUseOfAClosedSocketNamesIt(PodNetwork network, @TempDir Path directory) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Rtnetlink netlink = Rtnetlink.open(pod);
        UdpSocket udp = UdpSocket.open(pod, SocketOptions.NONE);
        PacketSocket packets = PacketSocket.open(pod, 0);
        SeqpacketListener listener = SeqpacketListener.listen(directory.resolve("socket"));
        for (AutoCloseable open : List.of(netlink, udp, packets, listener)) {
            open.close();
        }
        Map<String, ThrowingCallable> uses = Map.of("the netlink socket of " + pod, () -> netlink.links().list(), "UDP socket in " + pod,
                () -> udp.bind(new InetSocketAddress(0)), "packet socket on interface 0 of " + pod,
                () -> packets.receive(ByteBuffer.allocateDirect(1), Duration.ofMillis(1)), "unix socket " + directory.resolve("socket"),
                () -> listener.accept(Duration.ofMillis(1)));
        uses.forEach((closed, use) -> assertThatThrownBy(use).isInstanceOf(AlreadyClosedException.class).hasMessage(closed + " is closed"));
    }

    @Test
    void aListenerWithAFullQueueIsNotWaitedFor(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("s");
        List<SeqpacketSocket> queue = new ArrayList<>();
        try (SeqpacketListener busy = SeqpacketListener.listen(path)) {
            for (int i = 0; i < 129; i++) { // fills the queue
                queue.add(SeqpacketSocket.connect(path));
            }
            CompletableFuture<Throwable> refusal = CompletableFuture.supplyAsync(() -> org.assertj.core.api.Assertions.catchThrowable(() -> SeqpacketListener.listen(path)));

            assertThat(refusal.get(10, TimeUnit.SECONDS)).isInstanceOf(java.net.BindException.class);
            assertThatThrownBy(() -> SeqpacketSocket.connect(path, Duration.ofMillis(1))).isInstanceOf(java.net.SocketTimeoutException.class)
                    .hasMessageContaining("the queue of the listener on " + path + " is full");
            busy.accept(LIMIT).close();
        } finally {
            queue.forEach(SeqpacketSocket::close);
        }
    }

    @Test
    void aListenerRemovesOnlyItsOwnFile(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("s");
        SeqpacketListener first = SeqpacketListener.listen(path);
        Files.move(path, directory.resolve("moved")); // prevents its inode from being reused
        try (SeqpacketListener second = SeqpacketListener.listen(path)) {
            first.close();
            try (SeqpacketSocket client = SeqpacketSocket.connect(path)) {
                second.accept(LIMIT).close();
                assertThat(client.receive(1, 0, LIMIT)).isNull();
            }
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void oneOfSeveralListenersOnAPathWins(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("s");
        for (int round = 0; round < 50; round++) {
            Queue<SeqpacketListener> winners = new ConcurrentLinkedQueue<>();
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Thread thread = new Thread(() -> {
                    try {
                        winners.add(SeqpacketListener.listen(path));
                    } catch (IOException e) {
                        // the others
                    }
                });
                threads.add(thread);
                thread.start();
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(winners).as("round %d", round).hasSize(1);
            winners.forEach(SeqpacketListener::close);
        }
    }

    @Test
    void limitsAndTimeoutsAreBounded(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("s");
        try (SeqpacketListener listener = SeqpacketListener.listen(path);
                SeqpacketSocket client = SeqpacketSocket.connect(path);
                SeqpacketSocket server = listener.accept(Duration.ofSeconds(Long.MAX_VALUE))) {
            assertThatThrownBy(() -> server.receive(Integer.MAX_VALUE, 0, LIMIT)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("1 to 1073741824 bytes");
            assertThatThrownBy(() -> server.receive(1, 0, Duration.ofSeconds(Long.MIN_VALUE))).isInstanceOf(java.net.SocketTimeoutException.class);
            client.send(ByteBuffer.wrap(new byte[] {7}));
            try (UnixMessage packet = server.receive(1, 0, Duration.ofSeconds(-1))) { // a message that has arrived needs no time
                assertThat(packet.data()).isEqualTo(ByteBuffer.wrap(new byte[] {7}));
            }
        }
    }

    @Test
    void aDescriptorThatIsNotClosedIsReported(PodNetwork network) throws Exception {
        assertThat(ChildJvm.run(ChildJvm.command(Forgetful.class).withOptions("-Dio.netty.leakDetection.level=paranoid"))).isEqualTo("OwnedFd created by Forgetful\n");
    }

    /** Runs in a separate process, because it leaks. */
    static final class Forgetful {
        private Forgetful() {}

        public static void main(String[] args) throws Exception {
            BlockingQueue<String> reports = new LinkedBlockingQueue<>();
            ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(new ResourceLeakDetectorFactory() {
                @Override
                @SuppressWarnings("deprecation")
                public <T> ResourceLeakDetector<T> newResourceLeakDetector(Class<T> resource, int samplingInterval, long maxActive) {
                    return new ResourceLeakDetector<>(resource, samplingInterval, maxActive) {
                        @Override
                        protected void reportTracedLeak(String type, String records) {
                            reports.add(type + " created by " + (records.contains(Forgetful.class.getName()) ? "Forgetful" : records));
                        }
                    };
                }
            });
            NetworkNamespace.current();
            String report = null;
            while (report == null) {
                System.gc();
                NetworkNamespace.current().close(); // reports the earlier ones
                report = reports.poll(10, TimeUnit.MILLISECONDS);
            }
            System.out.println(report);
        }
    }

    /** Each program must find the names that the other has created, and be able to delete them, in any order. */
    @Test
    void namesAreSharedWithIp(PodNetwork network) throws Exception {
        NetworkNamespace.create("ours").close();
        Tool.run(network.node(), "ip", "netns", "add", "theirs");
        try {
            assertThat(Tool.run(network.node(), "ip", "netns", "list")).contains("ours").contains("theirs");
            NetworkNamespace.named("theirs").close();
        } finally {
            NetworkNamespace.delete("ours");
            NetworkNamespace.delete("theirs");
        }
        NetworkNamespace.create("ours").close();
        Tool.run(network.node(), "ip", "netns", "delete", "ours");
        assertThat(Path.of("/run/netns/ours")).doesNotExist();
        assertThat(Tool.run(network.node(), "ip", "netns", "list")).isEmpty();
    }
}
