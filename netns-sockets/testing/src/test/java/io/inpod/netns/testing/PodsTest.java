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
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;

/** What {@link Pods} promises to the tests of others; each is a class that JUnit runs within a test. */
class PodsTest {
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
        assertThat(succeeded(run(Parallel.class).selectors(selectClass(AlsoParallel.class)).configurationParameter("inpod.leaks.seconds", "1")
                .configurationParameter("junit.jupiter.execution.parallel.enabled", "true")
                .configurationParameter("junit.jupiter.execution.parallel.mode.default", "concurrent")
                .configurationParameter("junit.jupiter.execution.parallel.config.strategy", "fixed")
                .configurationParameter("junit.jupiter.execution.parallel.config.fixed.parallelism", "4"))).isEqualTo(4);
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
            System.out.println("pid " + sleeper.pid());
            Thread.sleep(Long.MAX_VALUE);
        }
    }

    @Test
    void processesEndWithTheJvmEvenIfItIsKilled() throws Exception {
        Privilege.NAMESPACES.require();
        try (ChildProcess jvm = ChildJvm.start(ChildJvm.command(Killed.class))) {
            ProcessHandle sleeper = ProcessHandle.of(Long.parseLong(jvm.lineWith("pid ").substring(4))).orElseThrow();
            jvm.handle().destroyForcibly();
            jvm.awaitExit(); // only then has the sleeper the parent that takes its exit status
            sleeper.onExit().get(30, TimeUnit.SECONDS);
        }
    }
}
