package io.inpod.examples.ztunnel.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Tool;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code curl} asks, as do clients that mean harm. */
@Timeout(60)
class AdminServerTest {
    private static final int MANY = 3000;

    private static EventLoopGroup thread;

    private final AtomicInteger changes = new AtomicInteger();
    private final AtomicInteger made = new AtomicInteger();
    private final BlockingQueue<EventStream> streams = new LinkedBlockingQueue<>();
    private AdminServer server;

    @BeforeAll
    static void startThread() {
        thread = AdminServer.thread();
    }

    @AfterAll
    static void stopThread() {
        thread.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    @BeforeEach
    void open() throws IOException {
        server = AdminServer.open(thread, 0, Map.of(
                "/read", Page.read(request -> Answer.text(200, "read " + request.parameter("a") + "\n")),
                "/change", new Page(request -> Answer.text(200, changes + "\n"),
                        request -> Answer.text(200, changes.incrementAndGet() + "\n")),
                "/wrong", Page.act(request -> {
                    throw new IllegalArgumentException("level must be a level");
                }),
                "/broken", Page.read(request -> {
                    throw new IOException("it is broken");
                }),
                "/long", Page.read(request -> new Answer.Streamed(Answer.TEXT, piece -> {
                    piece.writeCharSequence("x".repeat(10_000), StandardCharsets.US_ASCII);
                    return made.incrementAndGet() < MANY;
                })),
                "/torn", Page.read(request -> new Answer.Streamed(Answer.TEXT, piece -> {
                    piece.writeByte('x');
                    if (made.incrementAndGet() == 3) {
                        throw new IOException("no more");
                    }
                    return true;
                })),
                "/events", Page.read(request -> new Answer.Events(streams::add))));
    }

    @AfterEach
    void close() {
        server.close();
    }

    private String curl(String path, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of("curl", "-sS", "--noproxy", "*", "-w", "%{http_code}"));
        command.addAll(List.of(options));
        command.add("http://localhost:" + server.port() + path);
        try (NetworkNamespace own = NetworkNamespace.current()) {
            return Tool.run(own, command.toArray(String[]::new));
        }
    }

    private Socket connect(String request) throws IOException {
        Socket socket = new Socket("127.0.0.1", server.port());
        socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
        return socket;
    }

    private String raw(String request) throws IOException {
        try (Socket socket = connect(request)) {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    @Test
    void pagesAreReadAndActionsNeedPost() throws Exception {
        assertThat(curl("/read?a=b%20c&a=d")).isEqualTo("read b c\n200");
        assertThat(curl("/read", "-I")).contains("200 OK", "content-security-policy: default-src 'self'", "cache-control: no-store").endsWith("200");
        assertThat(curl("/read", "-X", "POST")).isEqualTo("only GET\n405");
        assertThat(curl("/change")).isEqualTo("0\n200");
        assertThat(curl("/change", "-d", "a body")).isEqualTo("1\n200");
        assertThat(curl("/change", "-X", "DELETE")).isEqualTo("GET or POST\n405");
        assertThat(curl("/wrong")).isEqualTo("only POST\n405");
        assertThat(curl("/wrong", "-X", "POST")).isEqualTo("level must be a level\n400");
        assertThat(curl("/broken")).isEqualTo("it is broken\n500");
        assertThat(curl("/none")).endsWith("404");
    }

    /** Through a forwarded port the operator's browser runs the pages of others, and sends these headers. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "POST | localhost          |                                   | 200",
            "POST | LOCALHOST:8000     |                                   | 200",
            "POST | 127.0.0.1:15000    |                                   | 200",
            "POST | [::1]:15000        |                                   | 200",
            "GET  | evil.example:15000 |                                   | 421",
            "GET  | localhost.evil.example |                               | 421",
            "GET  | localhost:80:80    |                                   | 421",
            "GET  | 10.0.0.1           |                                   | 421",
            "GET  | localhost@evil.example |                               | 421",
            "POST | localhost:15000    | Origin: http://localhost:15000    | 200",
            "POST | localhost:15000    | Origin: http://localhost:8080     | 403",
            "POST | localhost:15000    | Origin: https://evil.example      | 403",
            "POST | localhost:15000    | Origin: null                      | 403",
            "GET  | localhost:15000    | Origin: https://evil.example      | 403",
            "POST | localhost:15000    | Sec-Fetch-Site: same-origin       | 200",
            "POST | localhost:15000    | Sec-Fetch-Site: cross-site        | 403",
            "POST | localhost:15000    | Sec-Fetch-Site: same-site         | 403",
            "POST | localhost:15000    | Sec-Fetch-Site: cross-site~Sec-Fetch-Mode: navigate | 403",
            "GET  | localhost:15000    | Sec-Fetch-Site: cross-site~Sec-Fetch-Mode: navigate | 200",
            "GET  | localhost:15000    | Sec-Fetch-Site: cross-site        | 403",
            "POST | localhost:15000    | Host: localhost                   | 400"})
    void pagesOfOtherOriginsAreRefused(String method, String host, String headers, int status) throws Exception {
        String more = headers == null ? "" : headers.replace("~", "\r\n") + "\r\n";
        assertThat(raw(method + " /change HTTP/1.1\r\nHost: " + host + "\r\n" + more + "Content-Length: 0\r\n\r\n"))
                .startsWith("HTTP/1.1 " + status + " ");
        assertThat(changes).hasValue(method.equals("POST") && status == 200 ? 1 : 0);
    }

    @Test
    void whatIsNoRequestIsRefused() throws Exception {
        assertThat(raw("GET /read HTTP/1.1\r\n\r\n")).startsWith("HTTP/1.1 400 ").contains("one Host header is needed");
        assertThat(raw("GET http://evil.example/read HTTP/1.1\r\nHost: localhost\r\n\r\n")).startsWith("HTTP/1.1 400 ");
        assertThat(raw("GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n")).startsWith("HTTP/1.1 400 ");
        assertThat(raw("\u0016\u0003\u0001 hello\r\n\r\n")).startsWith("HTTP/1.1 400 ");
        assertThat(curl("/read", "-H", "X: " + "x".repeat(9000))).endsWith("400");
        assertThat(curl("/read?" + "x".repeat(5000))).endsWith("400");
        assertThat(curl("/change", "-d", "x".repeat(20_000))).endsWith("413");
        assertThat(changes).hasValue(0);
    }

    @Test
    void flightRecorderRecordsForABoundedTime() throws Exception {
        server.close();
        server = AdminServer.open(thread, 0, DebugPages.all());
        assertThat(curl("/debug/recording")).startsWith("no recording").endsWith("404");
        assertThat(curl("/debug/recording?seconds=301", "-X", "POST")).startsWith("seconds must be").endsWith("400");
        assertThat(curl("/debug/recording?seconds=1", "-X", "POST")).isEqualTo("recording for 1 s; then GET /debug/recording\n202");
        assertThat(curl("/debug/recording?seconds=1", "-X", "POST")).endsWith("409");
        String answer;
        do {
            answer = raw("GET /debug/recording HTTP/1.0\r\nHost: localhost\r\n\r\n");
        } while (answer.startsWith("HTTP/1.1 409 "));
        assertThat(answer).startsWith("HTTP/1.1 200 ").contains("\r\n\r\nFLR\0");
        assertThat(curl("/debug/recording", "-I")).contains("200 OK");
        assertThat(openRecordings()).isEmpty();
    }

    /** Files that have been deleted, and would stay on disk for as long as the process runs. */
    private static List<String> openRecordings() throws IOException {
        List<String> open = new ArrayList<>();
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                try {
                    open.add(Files.readSymbolicLink(descriptor).toString());
                } catch (NoSuchFileException e) {
                    // closed meanwhile, as that of this directory
                }
            }
        }
        return open.stream().filter(file -> file.matches(".*/ztunnel\\d+\\.jfr \\(deleted\\)")).toList();
    }

    @Test
    void aLongAnswerIsMadeAsItIsRead() throws Exception {
        try (Socket slow = connect("GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
            assertThat(slow.getInputStream().read()).isEqualTo('H');
            assertThat(curl("/read?a=1")).as("others are answered meanwhile").isEqualTo("read 1\n200");
            assertThat(made).hasValueLessThan(MANY);
            String answer = new String(slow.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            assertThat(answer).endsWith("\r\n0\r\n\r\n").hasSizeGreaterThan(MANY * 10_000);
            assertThat(made).hasValue(MANY);
        }
        made.set(0);
        assertThat(raw("GET /torn HTTP/1.1\r\nHost: localhost\r\n\r\n")).startsWith("HTTP/1.1 200 ").doesNotEndWith("\r\n0\r\n\r\n");
    }

    @Test
    void eventsAreSentForAsLongAsTheClientReadsThemWhoeverElseAsks() throws Exception {
        List<Socket> more = new ArrayList<>();
        BlockingQueue<Boolean> ended = new LinkedBlockingQueue<>();
        try (Socket listening = connect("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
            EventStream stream = streams.take();
            List<Socket> idle = new ArrayList<>();
            for (int i = 0; i < 70; i++) {
                idle.add(new Socket("127.0.0.1", server.port()));
            }
            assertThat(curl("/read?a=1")).isEqualTo("read 1\n200");
            assertThat(stream.send("change", "a\r\nb")).isTrue();
            StringBuilder read = new StringBuilder();
            while (read.indexOf("data: b") < 0) {
                read.append((char) listening.getInputStream().read());
            }
            assertThat(read).contains("200 OK", "content-type: text/event-stream", "event: change\ndata: a\ndata: b");
            while (stream.send("change", "x".repeat(10_000))) {
                assertThat(stream.isOpen()).isTrue();
            }
            assertThat(stream.isOpen()).as("what a client doesn't read isn't kept for it").isTrue();
            for (Socket one : idle) {
                one.close();
            }
            for (int i = 1; i < AdminServer.MOST_STREAMS; i++) {
                more.add(connect("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"));
                streams.take();
            }
            assertThat(curl("/events")).isEqualTo("too many clients have events already; close some\n503");
            stream.onEnd(() -> ended.add(true));
        }
        ended.take();
        for (Socket one : more) {
            one.close();
        }
    }
}
