package io.inpod.netns.testing;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The examples of docs/testing.md. */
class TestingGuideTest {
    @Nested
    // docs/testing.md: begin
    @Pods(names = {"web", "db"})
    class ShopTest {
        @Test
        void aClientFindsTheDatabase(PodNetwork network) throws Exception {
            ChildProcess db = network.pod("db").start("python3", "-m", "http.server", "8080");
            db.awaitPort(8080);

            ChildProcess client = network.pod("web").start("curl", "-sS", "http://db:8080/");
            assertThat(client.awaitExit()).isZero();
            assertThat(client.output()).contains("Directory listing");
        }
    }
    // docs/testing.md: end

    @Nested
    // docs/testing.md: begin
    @Pods(names = {"a", "b"}, nodes = 2, perClass = true)
    class ClusterTest {
        @BeforeAll
        static void start(PodNetwork network) throws Exception {
            for (Pod pod : network.pods()) {
                pod.startJava(Member.class, pod.name()).lineWith("ready"); // with the test's class path
            }
        }

        @Test
        void everyMemberAnswers(PodNetwork network) throws Exception {
            for (Pod pod : network.pods()) { // this test's own sockets, in pod b, without a thread there
                try (SocketChannel client = network.pod("b").namespace().call(() -> SocketChannel.open())) {
                    assertThat(client.connect(new InetSocketAddress(pod.address6(), 8080))).isTrue();
                }
            }
        }
    }
    // docs/testing.md: end

    /** A service that a user might have. */
    static final class Member {
        public static void main(String[] args) throws IOException {
            HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
            server.createContext("/", exchange -> exchange.sendResponseHeaders(204, -1));
            server.start();
            System.out.println(args[0] + " is ready");
        }
    }
}
