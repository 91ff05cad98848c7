package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.UnixOperatingSystemMXBean;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Pods(1)
class FaultsTest {
    private static String whereAmI() throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net")).toString();
    }

    @Test
    void aNamespaceDeletedAndClosedDuringTheBracketLastsToItsEnd(PodNetwork network) throws Exception {
        String home = whereAmI();
        NetworkNamespace doomed = NetworkNamespace.create("doomed");

        ServerSocketChannel created = doomed.call(() -> {
            NetworkNamespace.delete("doomed");
            doomed.close();
            doomed.close();
            assertThat(whereAmI()).isEqualTo(doomed.identity().toString());
            return ServerSocketChannel.open();
        });

        assertThat(whereAmI()).isEqualTo(home);
        assertThat(Tool.run(network.node(), "ip", "netns", "list")).doesNotContain("doomed");
        try (ServerSocketChannel server = created) { // lives on, and with it the namespace
            server.bind(new InetSocketAddress("0.0.0.0", 0));
            assertThat(server.getLocalAddress()).isNotNull();
        }
    }

    @Test
    void aNamespaceWhoseProcessHasEndedStillWorks(PodNetwork network) throws Exception {
        NetworkNamespace held;
        try (ChildProcess inside = ChildProcess.start(List.of("unshare", "-n", "sh", "-c", "echo ready; exec sleep 1000"))) {
            inside.expect("ready");
            held = NetworkNamespace.ofProcess(inside.handle().pid());
        }
        try (held;
                Rtnetlink links = Rtnetlink.open(held)) {
            links.links().up("lo");
            try (ServerSocketChannel server = held.call(ServerSocketChannel::open);
                    SocketChannel client = held.call(() -> SocketChannel.open())) {
                server.bind(new InetSocketAddress("127.0.0.1", 0));
                client.connect(server.getLocalAddress());
                assertThat(client.isConnected()).isTrue();
            }
        }
    }

    @Test
    void interruptionIsKeptAndDoesNoHarm(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Thread.currentThread().interrupt();

        String where = pod.call(FaultsTest::whereAmI);

        assertThat(Thread.interrupted()).isTrue();
        assertThat(where).isEqualTo(pod.identity().toString());
        pod.run(() -> Thread.currentThread().interrupt());
        assertThat(Thread.interrupted()).isTrue();
        assertThat(whereAmI()).isNotEqualTo(where);
    }

    @Test
    void theThreadsOwnAndTheInitialNamespaceAreOrdinaryOnes(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (NetworkNamespace own = NetworkNamespace.current();
                NetworkNamespace initial = NetworkNamespace.initial()) {
            String home = whereAmI();
            assertThat(own.<String, IOException>call(FaultsTest::whereAmI)).isEqualTo(home);
            assertThat(initial.<String, IOException>call(FaultsTest::whereAmI)).isEqualTo(initial.identity().toString());
            List<String> places = pod.call(() -> List.of(own.<String, IOException>call(FaultsTest::whereAmI), whereAmI(), pod.<String, IOException>call(FaultsTest::whereAmI)));
            assertThat(places).containsExactly(home, pod.identity().toString(), pod.identity().toString());
            assertThat(whereAmI()).isEqualTo(home);
        }
        assertThatThrownBy(() -> NetworkNamespace.delete("nobody")).isInstanceOf(java.nio.file.NoSuchFileException.class);
    }

    @Test
    void anErrorInTheBodySurvivesInEveryForm(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        String home = whereAmI();
        for (Throwable thrown : List.of(new IOException(), new StackOverflowError(), new InterruptedException(), new NamespaceLostError("a test", new IOException()))) {
            assertThatThrownBy(() -> pod.run(() -> {
                throw thrown;
            })).isSameAs(thrown);
            assertThat(whereAmI()).isEqualTo(home);
        }
    }

    @Test
    void aProgramStartedInsideStaysThereAndIsFound(PodNetwork network) throws Exception {
        new ProcessBuilder("true").start().waitFor(); // starts the JDK's thread that waits for processes outside
        NetworkNamespace pod = network.pod(0).namespace();
        LeakCheck check = LeakCheck.begin();

        Process inside = pod.call(() -> new ProcessBuilder("sleep", "1000").redirectErrorStream(true).start());
        try {
            assertThat(Files.readSymbolicLink(Path.of("/proc/" + inside.pid() + "/ns/net"))).hasToString(pod.identity().toString());
            assertThatThrownBy(() -> check.verify(Duration.ofMillis(1)))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("process " + inside.pid())
                    .hasMessageContaining("sleep")
                    .hasMessageContaining(pod.identity().toString());
        } finally {
            inside.destroyForcibly().waitFor();
        }
        check.verify();
    }

    @Test
    void aNameLeftBehindIsFound(PodNetwork network) throws Exception {
        LeakCheck check = LeakCheck.begin();
        NetworkNamespace.create("forgotten").close();
        assertThatThrownBy(() -> check.verify(Duration.ofMillis(1))).hasMessageContaining("/run/netns/forgotten");
        NetworkNamespace.delete("forgotten");
        check.verify();

        Path elsewhere = Files.createFile(Path.of("/run/elsewhere"));
        Tool.run(network.node(), "mount", "--bind", "/proc/self/ns/net", elsewhere.toString());
        assertThatThrownBy(() -> check.verify(Duration.ofMillis(1))).hasMessageContaining("mount /run/elsewhere");
        Tool.run(network.node(), "umount", elsewhere.toString());
        Files.delete(elsewhere);
        check.verify();
    }

    @Test
    @Timeout(120)
    void aThousandThreadsSwitchAtOnceAmongAHundredNamespaces(PodNetwork network) throws Exception {
        UnixOperatingSystemMXBean system = (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        int count = (int) Math.min(1000, system.getMaxFileDescriptorCount() / 4); // each thread keeps one open
        List<NetworkNamespace> namespaces = new ArrayList<>();
        Queue<String> wrong = new ConcurrentLinkedQueue<>();
        CountDownLatch ready = new CountDownLatch(count);
        List<Thread> threads = new ArrayList<>();
        String home = whereAmI();
        try {
            for (int i = 0; i < Math.max(1, count / 10); i++) {
                namespaces.add(NetworkNamespace.create());
            }
            for (int i = 0; i < count; i++) {
                int number = i;
                Thread thread = new Thread(() -> switchAround(namespaces, number, home, ready, wrong));
                threads.add(thread);
                thread.start();
            }
            for (Thread thread : threads) {
                thread.join();
            }
        } finally {
            namespaces.forEach(NetworkNamespace::close);
        }
        assertThat(wrong).isEmpty();
        threads.clear();
        closesTheDescriptorsOfEndedThreads(network, home);
    }

    private static void switchAround(List<NetworkNamespace> namespaces, int number, String home, CountDownLatch ready, Queue<String> wrong) {
        try {
            ready.countDown();
            ready.await();
            for (int round = 0; round < 20; round++) {
                NetworkNamespace outer = namespaces.get((number + round) % namespaces.size());
                NetworkNamespace inner = namespaces.get((number * 7 + round) % namespaces.size());
                String where = outer.call(() -> whereAmI() + inner.<String, IOException>call(FaultsTest::whereAmI) + whereAmI()) + whereAmI();
                if (!where.equals(outer.identity() + "" + inner.identity() + outer.identity() + home)) {
                    wrong.add(where);
                }
            }
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            wrong.add(e.toString());
        }
    }

    /** Each thread had a descriptor; it is closed after a garbage collection, when another thread begins to switch. */
    private static void closesTheDescriptorsOfEndedThreads(PodNetwork network, String home) throws Exception {
        while (Descriptors.all().values().stream().filter(home::equals).count() > 50) {
            System.gc();
            Thread another = new Thread(() -> {
                try {
                    network.pod(0).namespace().run(() -> {});
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            another.start();
            another.join();
        }
    }
}
