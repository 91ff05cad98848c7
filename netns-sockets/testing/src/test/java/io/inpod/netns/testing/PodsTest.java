package io.inpod.netns.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.testkit.engine.EventConditions.event;
import static org.junit.platform.testkit.engine.EventConditions.finishedWithFailure;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.instanceOf;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.message;

import com.sun.net.httpserver.HttpServer;
import io.inpod.netns.ChildJvm;
import io.inpod.netns.NetworkNamespace;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;

/** What {@link Pods} promises to the tests of others; each is a class that JUnit runs within a test. */
class PodsTest {
    /** What tests leave behind on purpose. */
    private static final List<AutoCloseable> LEFT = new CopyOnWriteArrayList<>();

    private static EngineTestKit.Builder run(Class<?> type) {
        return EngineTestKit.engine("junit-jupiter").selectors(selectClass(type)).configurationParameter("inpod.leaks.seconds", "10");
    }

    private static long succeeded(EngineTestKit.Builder tests) {
        Events events = tests.execute().testEvents();
        events.failed().stream().flatMap(failed -> failed.getPayload(TestExecutionResult.class).stream())
                .flatMap(result -> result.getThrowable().stream()).forEach(why -> {
                    throw new AssertionError("a test failed", why);
                });
        return events.succeeded().count();
    }

    @Pods(3)
    static class Outer {
        @Nested
        class Inner {
            @Test
            void threeInNestedClasses(PodNetwork network) {
                assertThat(network.pods()).hasSize(3);
            }

            @Nested
            @Pods(2)
            class Own {
                @Test
                void theNearestCounts(PodNetwork network) {
                    assertThat(network.pods()).hasSize(2);
                }

                @Test
                @Pods
                void onTheMethodToo(PodNetwork network) {
                    assertThat(network.pods()).hasSize(1);
                }
            }
        }
    }

    static class Subclass extends Outer {
        @BeforeEach
        void threeInSubclasses(PodNetwork network) {
            assertThat(network.pods().size()).isBetween(1, 3);
        }

        @Test
        void three(PodNetwork network) {
            assertThat(network.pods()).hasSize(3);
        }
    }

    @Test
    void theAnnotationIsInherited() {
        assertThat(succeeded(run(Outer.class))).isEqualTo(3);
        assertThat(succeeded(run(Subclass.class))).isEqualTo(4);
    }

    @Pods
    static class TooEarly {
        TooEarly(PodNetwork network) {
        }

        @Test
        void never() {
        }
    }

    @Pods
    static class MuchTooEarly {
        @BeforeAll
        static void all(PodNetwork network) {
        }

        @Test
        void never() {
        }
    }

    @Test
    void whereThereIsNoNetworkYetTheErrorSaysSo() {
        for (Class<?> type : List.of(TooEarly.class, MuchTooEarly.class)) {
            run(type).execute().allEvents().assertThatEvents().haveAtLeastOne(event(finishedWithFailure(
                    instanceOf(org.junit.jupiter.api.extension.ParameterResolutionException.class),
                    message(text -> text.contains("take it as a parameter of the test, of @BeforeEach")))));
        }
    }

    @Pods(2)
    static class Parallel {
        @Test
        void one(PodNetwork network) throws Exception {
            open(network);
        }

        @Test
        void two(PodNetwork network) throws Exception {
            open(network);
        }

        private static void open(PodNetwork network) throws Exception {
            for (int i = 0; i < 50; i++) {
                NetworkNamespace another = NetworkNamespace.create();
                assertThat(Tool.tryRun(network.pod(0).namespace(), "true").exitCode()).isZero();
                another.close();
            }
        }
    }

    @Pods(2)
    static class AlsoParallel extends Parallel {
    }

    /** With a second to end, the descriptors of a test that runs meanwhile would be left behind. */
    @Test
    void parallelTestsDontSeeEachOther() {
        assertThat(succeeded(parallel(run(Parallel.class).selectors(selectClass(AlsoParallel.class)).configurationParameter("inpod.leaks.seconds", "1")))).isEqualTo(4);
    }

    private static EngineTestKit.Builder parallel(EngineTestKit.Builder tests) {
        return tests.configurationParameter("junit.jupiter.execution.parallel.enabled", "true")
                .configurationParameter("junit.jupiter.execution.parallel.mode.default", "concurrent")
                .configurationParameter("junit.jupiter.execution.parallel.config.strategy", "fixed")
                .configurationParameter("junit.jupiter.execution.parallel.config.fixed.parallelism", "4");
    }

    @Pods(names = {"web", "db"}, perClass = true)
    static class Shared {
        static final Set<PodNetwork> SEEN = new HashSet<>();
        static ChildProcess server;

        @BeforeAll
        static void all(PodNetwork network) throws Exception {
            SEEN.add(network);
            server = network.pod("db").start("sh", "-c", "echo ready; read line");
        }

        @Test
        void one(PodNetwork network) throws Exception {
            SEEN.add(network);
            server.expect("ready");
        }

        @Test
        void two(PodNetwork network) {
            SEEN.add(network);
            assertThat(server.handle().isAlive()).isTrue();
        }

        @Nested
        class Inner {
            Inner(PodNetwork network) {
                SEEN.add(network);
            }

            @Test
            void three(PodNetwork network) {
                SEEN.add(network);
            }

            @Test
            @Pods
            void itsOwn(PodNetwork network) {
                assertThat(SEEN).doesNotContain(network);
            }
        }
    }

    @Pods(perClass = true)
    static class SharedAndUntidy {
        @Test
        void test(PodNetwork network) throws Exception {
            LEFT.add(network.pod(0).namespace().call(() -> ServerSocketChannel.open()));
        }
    }

    static class SharedByNobody {
        @Test
        @Pods(perClass = true)
        void test(PodNetwork network) {
        }
    }

    @Test
    void aClassSharesANetwork() {
        Shared.SEEN.clear();
        assertThat(succeeded(run(Shared.class))).isEqualTo(4);
        assertThat(Shared.SEEN).hasSize(1);
        assertThat(Shared.server.handle().isAlive()).as("it ends with the network").isFalse();
        assertThat(failure(SharedAndUntidy.class)).containsPattern("fd \\d+ -> socket:\\[\\d+] \\(in pod-0 net:");
        assertThat(failure(SharedByNobody.class)).contains("@Pods(perClass = true) of test(PodNetwork) has no effect: write it on the class");
    }

    /** The message of the only failure, of a test or of a class; without patience for what is left behind. */
    private static String failure(Class<?> type) {
        try {
            return run(type).configurationParameter("inpod.leaks.seconds", "0").execute().allEvents().failed().stream()
                    .map(failed -> failed.getRequiredPayload(TestExecutionResult.class).getThrowable().orElseThrow())
                    .map(thrown -> thrown.getMessage() + Stream.of(thrown.getSuppressed()).map(Throwable::toString).collect(Collectors.joining()))
                    .reduce((one, other) -> "two failures: " + one + ", " + other).orElse("no failure");
        } finally {
            LEFT.forEach(PodsTest::closeQuietly);
            LEFT.clear();
        }
    }

    private static void closeQuietly(AutoCloseable left) {
        try {
            left.close();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Pods(names = {"web", "db"})
    static class Untidy {
        @Test
        void test(PodNetwork network) throws Exception {
            Pod web = network.pod("web");
            ServerSocketChannel server = web.namespace().call(() -> ServerSocketChannel.open());
            LEFT.add(server.bind(new InetSocketAddress(web.address(), 8080)));
            SocketChannel client = network.pod("db").namespace().call(() -> SocketChannel.open());
            LEFT.add(client);
            client.bind(new InetSocketAddress(network.pod("db").address(), 4321));
            client.connect(new InetSocketAddress(web.address(), 8080));
            DatagramChannel datagrams = web.namespace().call(() -> DatagramChannel.open());
            LEFT.add(datagrams.bind(new InetSocketAddress(web.address6(), 53)));
            LEFT.add(web.namespace().duplicate());
        }
    }

    @Pods(names = {"web", "db"}, alone = false)
    static class UntidyButNotAlone extends Untidy {
        @BeforeEach
        void elsewhere() throws Exception {
            LEFT.add(ServerSocketChannel.open()); // as other tests do meanwhile
        }
    }

    @Test
    void whatIsLeftIsNamedWithAddressesAndPods() {
        for (Class<?> type : List.of(Untidy.class, UntidyButNotAlone.class)) {
            assertThat(failure(type)).containsPattern("fd \\d+ -> socket:\\[\\d+] \\(TCP 10\\.77\\.0\\.2:8080 listening, in web net:\\[\\d+]\\)")
                    .contains("(TCP 10.77.0.3:4321 to 10.77.0.2:8080, in db net:[")
                    .containsPattern("UDP \\[fd10:77:[0:]*:2]:53, in web net:")
                    .containsPattern("fd \\d+ -> net:\\[\\d+] \\(web\\)")
                    .satisfies(text -> assertThat(text.split("socket:\\[", -1)).as(text).hasSize(1 + 3));
        }
    }

    @Pods(mayLeave = {LeakKind.SOCKET, LeakKind.PROCESS, LeakKind.DESCRIPTOR})
    static class Tolerant {
        @Test
        void test(PodNetwork network) throws Exception {
            LEFT.add(network.pod(0).namespace().call(() -> ServerSocketChannel.open()));
            ChildProcess process = ChildProcess.start(Tool.inside(network.pod(0).namespace(), "sh", "-c", "echo ready; read line"));
            LEFT.add(process); // and a pipe to its input
            process.expect("ready");
        }
    }

    @Pods(mayLeave = LeakKind.SOCKET)
    static class LessTolerant extends Tolerant {
    }

    @Test
    void kindsMayBeLeft() {
        assertThat(failure(Tolerant.class)).isEqualTo("no failure");
        assertThat(failure(LessTolerant.class)).containsPattern("process \\d+ \\(.*\\) in net:\\[\\d+] \\(pod-0\\)").contains("pipe:").doesNotContain("socket:");
    }

    @Pods(names = {"web", "db"})
    static class Failing {
        @Test
        void test(PodNetwork network) throws Exception {
            network.pod("db").start("sh", "-c", "echo no space left; exit 4").awaitExit();
            network.pod("web").start("sh", "-c", "echo listening; exec sleep 600").expect("listening");
            throw new AssertionError("the cart is empty");
        }
    }

    @Test
    void aFailureHasTheOutputOfTheProcesses() {
        assertThat(failure(Failing.class)).startsWith("the cart is empty").contains("the processes in pods:\n")
                .containsPattern("db: sh -c .* \\(pid \\d+\\) has ended with 4; printed last:\nno space left\n")
                .containsPattern("web: sh -c .* \\(pid \\d+\\) runs; printed last:\nlistening\n");
    }

    @Pods(alone = false)
    static class Meeting {
        static final CyclicBarrier BOTH = new CyclicBarrier(2);

        @Test
        void one(PodNetwork network) throws Exception {
            BOTH.await(30, TimeUnit.SECONDS);
        }

        @Test
        void two(PodNetwork network) throws Exception {
            BOTH.await(30, TimeUnit.SECONDS);
        }
    }

    @Test
    void testsThatNeedNotBeAloneRunAtTheSameTime() {
        assertThat(succeeded(parallel(run(Meeting.class)))).isEqualTo(2);
    }

    @Pods
    static class Client {
        @Test
        void get() throws Exception {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.createContext("/", exchange -> exchange.sendResponseHeaders(204, -1));
            server.start();
            try {
                URI uri = URI.create("http:/" + server.getAddress());
                HttpClient client = HttpClient.newHttpClient(); // which Java 17 can't close
                assertThat(client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.discarding()).statusCode()).isEqualTo(204);
            } finally {
                server.stop(0);
            }
        }
    }

    @Test
    void clientsThatOnlyTheCollectorEndsAreNotLeftBehind() {
        assertThat(succeeded(run(Client.class))).isEqualTo(1);
    }

    /** A JVM of its own, which is killed. */
    static final class Killed {
        public static void main(String[] args) throws Exception {
            PodNetwork network = PodNetwork.create(1);
            Process sleeper = new ProcessBuilder(Tool.inside(network.pod(0).namespace(), "sleep", "600")).start();
            ChildProcess parent = network.pod(0).start("sh", "-c", "sleep 600 & echo $!; wait");
            System.out.println("pids " + sleeper.pid() + " " + parent.handle().pid() + " " + parent.line("its child"));
            Thread.sleep(Long.MAX_VALUE);
        }
    }

    @Test
    void processesEndWithTheJvmEvenIfItIsKilled() throws Exception {
        Privilege.NAMESPACES.require();
        try (ChildProcess jvm = ChildJvm.start(ChildJvm.command(Killed.class))) {
            List<ProcessHandle> sleepers = Stream.of(jvm.lineWith("pids ").substring(5).split(" "))
                    .map(pid -> ProcessHandle.of(Long.parseLong(pid)).orElseThrow()).toList();
            jvm.handle().destroyForcibly();
            jvm.awaitExit(); // only then have they the parent that takes their exit status, and the last one when the second has ended
            assertThat(sleepers).hasSize(3);
            for (ProcessHandle sleeper : sleepers) {
                sleeper.onExit().get(30, TimeUnit.SECONDS);
            }
        }
    }
}
