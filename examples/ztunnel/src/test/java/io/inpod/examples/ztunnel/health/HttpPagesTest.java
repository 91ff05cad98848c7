package io.inpod.examples.ztunnel.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Tool;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code curl} asks. */
@Timeout(60)
class HttpPagesTest {
    /** More than the kernel takes for a client that doesn't read. */
    private static final int LONG = 20 << 20;

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private volatile Readiness readiness = new Readiness(List.of(), Map.of());
    private HttpPages pages;

    @BeforeEach
    void open() throws IOException {
        pages = HttpPages.open(loops, new InetSocketAddress("127.0.0.1", 0), Map.of("/healthz/ready", headers -> readiness.answer(),
                "/long", headers -> new HttpPages.Answer(200, "text/plain", null, new byte[LONG])));
    }

    @AfterEach
    void close() {
        pages.close();
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    private String curl(String path, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of("curl", "-sS", "--noproxy", "*", "-w", "%{http_code}"));
        command.addAll(List.of(options));
        command.add("http://127.0.0.1:" + pages.port() + path);
        try (NetworkNamespace own = NetworkNamespace.current()) {
            return Tool.run(own, command.toArray(String[]::new));
        }
    }

    @Test
    void whatIsMissingIsNamed() throws Exception {
        assertThat(curl("/healthz/ready")).isEqualTo("ready\n200");
        assertThat(curl("/healthz/ready?verbose", "-I")).contains("200 OK", "content-length: 6").endsWith("200");

        readiness = new Readiness(List.of("the agent is away"), Map.of("b", "its port is taken", "a", "it is gone")).lacking("there is no mesh");
        assertThat(curl("/healthz/ready")).isEqualTo("not ready\nthere is no mesh\nthe agent is away\npod a isn't served: it is gone\n"
                + "pod b isn't served: its port is taken\n503");

        readiness = new Readiness(List.of(), Map.of("b", "its port is taken"));
        assertThat(curl("/healthz/ready")).isEqualTo("ready\npod b isn't served: its port is taken\n200");
    }

    @Test
    void everythingElseIsRefused() throws Exception {
        assertThat(curl("/")).endsWith("404");
        assertThat(curl("/healthz/ready", "-d", "x")).endsWith("405");
        assertThat(curl("/healthz/ready", "-H", "X: " + "x".repeat(9000))).endsWith("400");
    }

    @Test
    void answersThatNobodyReadsAreGivenUpForOthers() throws Exception {
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < 3; i++) {
                Socket socket = new Socket("127.0.0.1", pages.port());
                slow.add(socket);
                socket.getOutputStream().write("GET /long HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(socket.getInputStream().read()).as("connection " + i).isEqualTo('H');
            }
            assertThat(slow.get(0).getInputStream().transferTo(OutputStream.nullOutputStream())).as("the oldest").isLessThan(LONG);
            assertThat(slow.get(1).getInputStream().transferTo(OutputStream.nullOutputStream())).as("there is room").isGreaterThan(LONG);
            assertThat(curl("/long", "-I")).contains("200 OK", "content-length: " + LONG);
            assertThat(curl("/long", "-o", "/dev/null")).as("beside another").isEqualTo("200");
            assertThat(slow.get(2).getInputStream().transferTo(OutputStream.nullOutputStream())).isGreaterThan(LONG);
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }

    @Test
    void whoKeepsConnectionsKeepsNobodyFromAsking() throws Exception {
        List<Socket> idle = new ArrayList<>();
        try {
            for (int i = 0; i < FewConnections.MOST * 2; i++) {
                idle.add(new Socket("127.0.0.1", pages.port()));
                idle.get(i).getOutputStream().write("GET /healthz/ready HT".getBytes(StandardCharsets.US_ASCII));
            }
            assertThat(curl("/healthz/ready")).isEqualTo("ready\n200");
            assertThat(idle.get(0).getInputStream().read()).as("the oldest is closed").isEqualTo(-1);
        } finally {
            for (Socket socket : idle) {
                socket.close();
            }
        }
    }

    /** The pauses make it last at least so long; a machine that is slower doesn't matter. */
    @Test
    void whoAsksAgainAndAgainTakesLittleOfTheEventLoop() throws Exception {
        int pauses = 4;
        long begun = System.nanoTime();
        for (int i = 0; i <= pauses * FewConnections.MOST_WITHOUT_PAUSE; i++) {
            try (Socket socket = new Socket("127.0.0.1", pages.port())) {
                socket.getOutputStream().write("GET /healthz/ready HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)).startsWith("HTTP/1.1 200 OK");
            }
        }
        assertThat(System.nanoTime() - begun).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(pauses * FewConnections.PAUSE_MILLIS));
    }
}
