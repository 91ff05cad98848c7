package io.inpod.hbone;

import static io.inpod.hbone.Attack.LONG;
import static io.inpod.hbone.Attack.SHORT;
import static io.inpod.hbone.Attack.asked;
import static io.inpod.hbone.Attack.bytes;
import static io.inpod.hbone.Attack.secured;
import static io.inpod.hbone.Attack.stands;
import static io.inpod.hbone.Attack.storm;
import static io.inpod.hbone.Attack.tcp;
import static io.inpod.hbone.Attack.tls;
import static io.inpod.hbone.RawPeer.block;
import static io.inpod.hbone.RawPeer.frame;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.TestCertificates;
import io.netty.channel.Channel;
import io.netty.handler.ssl.OpenSsl;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Attacks by a server on a client: the tunnel fails within a time limit and with the reason, tunnels to other peers continue, and nothing
 * leaks. The server sends individual frames over the JDK's TLS.
 */
@Timeout(60)
class EvilServerTest {
    private static final byte[] SOME = new byte[10];
    private static final String LOST = "reset: the HBONE connection to " + Mesh.SERVER + " was lost: ";
    private static final String FAILED = "failed: HBONE tunnel to " + Mesh.APP + " through .* failed: ";
    private static final String UNREADY = "failed: HBONE connection to .* failed( before its first tunnel)?: ";

    private static Mesh mesh;
    private static HbonePool others;
    private static Recorder sibling;

    @BeforeAll
    static void start() throws Exception {
        mesh = new Mesh();
        others = mesh.pool();
        sibling = mesh.open(others, mesh.serve(Mesh.echo()));
    }

    @AfterAll
    static void stop() throws Exception {
        mesh.close();
    }

    static Stream<Attack> handshakes() {
        String good = Mesh.SERVER.toString();
        return Stream.of(
                tcp("silence", tcp -> { }, UNREADY + "TLS: handshake timed out.*").withTimes(t -> t.withHandshake(SHORT, LONG)),
                tcp("drip", tcp -> {
                    while (true) {
                        tcp.getOutputStream().write(22);
                        Thread.sleep(20);
                    }
                }, UNREADY + "TLS: .*").withTimes(t -> t.withHandshake(SHORT, LONG)),
                tcp("close", java.net.Socket::close, UNREADY + ".*"),
                tcp("reset", App::reset, UNREADY + ".*"),
                tcp("plain HTTP/1.1", tcp -> tcp.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII)), UNREADY + "TLS: .*"),
                tcp("a handshake message of 16 MiB", tcp -> {
                    tcp.getOutputStream().write(bytes(22, 3, 3, 0x3f, 0xff, 2, 0xff, 0xff, 0xff));
                    tcp.getOutputStream().write(new byte[100_000]);
                }, UNREADY + "TLS: .*"),
                tls("no ALPN", m -> m.ca.certificate(Mesh.SERVER), "TLSv1.3", "", UNREADY + "TLS: .*(ALPN h2|application protocol|application layer).*"),
                tls("another ALPN", m -> m.ca.certificate(Mesh.SERVER), "TLSv1.3", "http/1.1", UNREADY + "(TLS: |closed).*"),
                tls("TLS 1.2", m -> m.ca.certificate(Mesh.SERVER), "TLSv1.2", "h2", UNREADY + "(TLS: |closed).*"),
                tls("no certificate", m -> null, "TLSv1.3", "h2", UNREADY + "TLS: .*"),
                tls("expired", m -> TestCertificates.issue(ca(m), good, Instant.now().minusSeconds(7200), Duration.ofHours(1)),
                        "TLSv1.3", "h2", UNREADY + "TLS: .*validity check failed.*"),
                tls("not yet valid", m -> TestCertificates.issue(ca(m), good, Instant.now().plusSeconds(7200), Duration.ofHours(1)),
                        "TLSv1.3", "h2", UNREADY + "TLS: .*validity check failed.*"),
                tls("two identities", m -> TestCertificates.issue(ca(m), List.of(good, Mesh.CLIENT.toString())), "TLSv1.3", "h2",
                        UNREADY + "TLS: expected exactly one URI subject alternative name, got 2.*"),
                tls("another identity", m -> m.ca.certificate(Mesh.CLIENT), "TLSv1.3", "h2", UNREADY + "TLS: expected peer " + good + ", got .*"),
                tls("another root", m -> DevelopmentCa.open(m.directory.resolve("stranger")).certificate(Mesh.SERVER), "TLSv1.3", "h2",
                        UNREADY + "TLS: .*chain isn't valid.*"),
                secured("no SETTINGS", (peer, tcp) -> { }, UNREADY + ".*no HTTP/2 SETTINGS within PT0.4S").withTimes(t -> t.withHandshake(LONG, SHORT)),
                secured("half a SETTINGS frame", (peer, tcp) -> peer.raw(bytes(0, 0, 6, 4)), UNREADY + ".*no HTTP/2 SETTINGS within PT0.4S")
                        .withTimes(t -> t.withHandshake(LONG, SHORT)),
                secured("PING before SETTINGS", (peer, tcp) -> peer.send(6, 0, 0, new byte[8]), UNREADY + ".*PROTOCOL_ERROR: the first frame isn't SETTINGS"),
                secured("HTTP/1.1", (peer, tcp) -> peer.raw("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII)),
                        UNREADY + ".*FRAME_SIZE_ERROR: .*"),
                secured("closed before SETTINGS", (peer, tcp) -> peer.close(), UNREADY + ".*closed by the peer"),
                secured("no streams", (peer, tcp) -> peer.send(4, 0, 0, bytes(0, 3, 0, 0, 0, 0)), "failed: the HBONE peer .* takes no tunnels .*"),
                secured("gone immediately", (peer, tcp) -> peer.raw(join(frame(4, 0, 0), frame(7, 0, 0, new byte[8]))), "failed: the HBONE peer .* is going away .*"));
    }

    static Stream<Attack> answers() {
        return Stream.of(
                asked("no answer", (peer, tcp) -> { }, "failed: .*no answer to CONNECT within PT0.4S").withTimes(t -> t.withAnswer(SHORT)),
                asked("102 forever", (peer, tcp) -> {
                    while (true) {
                        peer.headers(1, false, ":status", "102");
                        Thread.sleep(20);
                    }
                }, "failed: .*no answer to CONNECT within PT0.4S").withTimes(t -> t.withAnswer(SHORT)),
                asked("102 as fast as it can", (peer, tcp) -> storm(peer, 2000, frame(1, 4, 1, block(":status", "102"))),
                        FAILED + ".*ENHANCE_YOUR_CALM: too many control frames"),
                asked("102 that ends the stream", (peer, tcp) -> peer.headers(1, true, ":status", "102"), FAILED + ".*interim answer ends the stream"),
                asked("101", (peer, tcp) -> peer.headers(1, false, ":status", "101"), FAILED + ".*status 101"),
                asked("no status", (peer, tcp) -> peer.headers(1, false, "server", "evil"), FAILED + ".*no :status"),
                asked("two statuses", (peer, tcp) -> peer.headers(1, false, ":status", "200", ":status", "200"), FAILED + ".*malformed answer"),
                asked("a status of letters", (peer, tcp) -> peer.headers(1, false, ":status", "abc"), FAILED + ".*malformed answer"),
                asked("upper case", (peer, tcp) -> peer.headers(1, false, ":status", "200", "X-Evil", "1"), FAILED + "the peer broke the protocol: .*"),
                asked("line feed in a value", (peer, tcp) -> peer.headers(1, false, ":status", "200", "x", "a\r\nb: c"), FAILED + "the peer broke the protocol: .*"),
                asked("a large header list", (peer, tcp) -> peer.headers(1, false, ":status", "200", "a", "q".repeat(9000), "b", "q".repeat(9000)),
                        FAILED + ".*header list too large"),
                asked("a larger header block", (peer, tcp) -> peer.headers(1, false, ":status", "200", "a", "q".repeat(60_000)),
                        FAILED + ".*ENHANCE_YOUR_CALM: header block too large"),
                asked("small block, huge list", (peer, tcp) -> {
                    // One entry of 3,000 bytes for the table, and a thousand references to it.
                    byte[] entry = block("x", "q".repeat(3000));
                    entry[0] = 0x40;
                    byte[] references = new byte[1000];
                    java.util.Arrays.fill(references, (byte) (0x80 | 62));
                    peer.send(1, 4, 1, join(block(":status", "200"), entry, references));
                }, FAILED + ".*header list too large"),
                asked("CONTINUATION forever", (peer, tcp) -> {
                    peer.send(1, 0, 1, block(":status", "200"));
                    storm(peer, 1000, frame(9, 0, 1));
                }, FAILED + ".*ENHANCE_YOUR_CALM: header block too large"),
                asked("large CONTINUATION forever", (peer, tcp) -> {
                    peer.send(1, 0, 1, block(":status", "200"));
                    storm(peer, 100, frame(9, 0, 1, block("x", "q".repeat(10_000))));
                }, FAILED + ".*ENHANCE_YOUR_CALM: header block too large"),
                asked("an interrupted header block", (peer, tcp) -> peer.raw(join(frame(1, 0, 1, block(":status", "200")), frame(6, 0, 0, new byte[8]))),
                        FAILED + ".*PROTOCOL_ERROR: a header block was interrupted"),
                asked("half a header block", (peer, tcp) -> peer.send(1, 0, 1, block(":status", "200")), FAILED + ".*no answer to PING within 400 ms")
                        .withTimes(t -> t.withPing(SHORT, SHORT)),
                asked("nonsense for HPACK", (peer, tcp) -> peer.send(1, 4, 1, bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)), FAILED + ".*COMPRESSION_ERROR: .*"),
                asked("a field of nothing", (peer, tcp) -> peer.send(1, 4, 1, bytes(0x88, 0x40, 0, 0)), FAILED + ".*PROTOCOL_ERROR: .*"),
                asked("an HPACK table that wasn't offered", (peer, tcp) -> peer.send(1, 4, 1, bytes(0x3f, 0xe1, 0xff, 3, 0x88)), FAILED + ".*COMPRESSION_ERROR: .*"),
                asked("DATA first", (peer, tcp) -> peer.send(0, 0, 1, SOME), FAILED + ".*DATA before the answer"),
                asked("refused forever", (peer, tcp) -> peer.send(3, 0, 1, bytes(0, 0, 0, 7)), FAILED + ".*REFUSED_STREAM"),
                asked("GOAWAY forever", (peer, tcp) -> peer.send(7, 0, 0, new byte[8]), FAILED + ".*the peer is going away"),
                asked("reset", (peer, tcp) -> peer.send(3, 0, 1, bytes(0, 0, 0, 2)), FAILED + "tunnel reset by the peer: INTERNAL_ERROR"),
                asked("503 and a body without end", (peer, tcp) -> {
                    peer.headers(1, false, ":status", "503");
                    storm(peer, 100, frame(0, 0, 1, new byte[10_000]));
                }, "failed: .*refused with status 503"));
    }

    static Stream<Attack> tunnels() {
        return Stream.of(
                stands("200 twice", (peer, tcp) -> peer.headers(1, false, ":status", "200"), "reset: .*HEADERS on a tunnel, inactive"),
                stands("trailers", (peer, tcp) -> peer.headers(1, true, "x", "y"), "reset: .*HEADERS on a tunnel, inactive"),
                asked("200 with END_STREAM, and no more wanted, all at once", (peer, tcp) ->
                        peer.raw(join(frame(1, 5, 1, block(":status", "200")), frame(3, 0, 1, new byte[4]))), "EOF, EOF-complete, inactive"),
                asked("200, its bytes, its end, and no more wanted, all at once", (peer, tcp) -> peer.raw(join(frame(1, 4, 1, block(":status", "200")),
                        frame(0, 1, 1, (byte) 'b'), frame(3, 0, 1, new byte[4]))), "b, EOF, EOF-complete, inactive"),
                asked("503, its bytes, its end, and no more wanted, all at once", (peer, tcp) -> peer.raw(join(frame(1, 4, 1, block(":status", "503")),
                        frame(0, 1, 1, SOME), frame(3, 0, 1, new byte[4]))), "failed: .*refused with status 503"),
                stands("DATA after its end", (peer, tcp) -> peer.raw(join(frame(0, 1, 1), frame(0, 0, 1, SOME))), "(EOF, EOF-complete, )?reset: .*DATA after END_STREAM, inactive"),
                stands("DATA forever after its end", (peer, tcp) -> {
                    peer.send(0, 1, 1);
                    storm(peer, 100, frame(0, 0, 1, SOME));
                }, "(EOF, EOF-complete, )?reset: .*, inactive"),
                stands("stream window overrun", (peer, tcp) -> storm(peer, 9, frame(0, 0, 1, new byte[16_000])), "reset: .*stream window exceeded, inactive")
                        .with(o -> o.withWindows(65_535, 1 << 20)),
                stands("stream window overflow", (peer, tcp) -> peer.send(8, 0, 1, bytes(0x7f, 0xff, 0xff, 0xff)), "reset: .*stream window overflow, inactive"),
                stands("connection window overflow", (peer, tcp) -> peer.send(8, 0, 0, bytes(0x7f, 0xff, 0xff, 0xff)),
                        LOST + "FLOW_CONTROL_ERROR: connection window overflow, inactive"),
                stands("WINDOW_UPDATE of 0", (peer, tcp) -> peer.send(8, 0, 0, new byte[4]), LOST + "PROTOCOL_ERROR: WINDOW_UPDATE of 0, inactive"),
                stands("WINDOW_UPDATE of 0 for a stream", (peer, tcp) -> peer.send(8, 0, 1, new byte[4]), "reset: .*WINDOW_UPDATE of 0, inactive"),
                settings("INITIAL_WINDOW_SIZE of 2^31", "FLOW_CONTROL_ERROR: INITIAL_WINDOW_SIZE .*", 0, 4, 0x80, 0, 0, 0),
                stands("INITIAL_WINDOW_SIZE that overflows a stream", (peer, tcp) ->
                        peer.raw(join(frame(8, 0, 1, bytes(0x7f, 0, 0, 0)), frame(4, 0, 0, bytes(0, 4, 0x7f, 0xff, 0xff, 0xff)))),
                        LOST + "FLOW_CONTROL_ERROR: INITIAL_WINDOW_SIZE overflows .*, inactive"),
                settings("MAX_FRAME_SIZE of 1,000", "PROTOCOL_ERROR: MAX_FRAME_SIZE 1000", 0, 5, 0, 0, 3, 0xe8),
                settings("MAX_FRAME_SIZE of 2^24", "PROTOCOL_ERROR: MAX_FRAME_SIZE 16777216", 0, 5, 1, 0, 0, 0),
                settings("ENABLE_PUSH of a server", "PROTOCOL_ERROR: ENABLE_PUSH 1", 0, 2, 0, 0, 0, 1),
                settings("five bytes", "FRAME_SIZE_ERROR: .*", 0, 2, 0, 0, 0),
                stands("a hundred entries of SETTINGS", (peer, tcp) -> peer.send(4, 0, 0, new byte[600]), LOST + "ENHANCE_YOUR_CALM: .*, inactive"),
                stands("SETTINGS on a stream", (peer, tcp) -> peer.send(4, 0, 1), LOST + "PROTOCOL_ERROR: SETTINGS on a stream, inactive"),
                stands("PUSH_PROMISE", (peer, tcp) -> peer.send(5, 4, 1, join(bytes(0, 0, 0, 2), block(":method", "GET"))), LOST + "PROTOCOL_ERROR: PUSH_PROMISE, inactive"),
                stands("a frame of 2 MiB", (peer, tcp) -> peer.raw(bytes(0x20, 0, 0, 0, 0, 0, 0, 0, 1)), LOST + "FRAME_SIZE_ERROR: .*, inactive"),
                stands("PING of 7 bytes", (peer, tcp) -> peer.send(6, 0, 0, new byte[7]), LOST + "FRAME_SIZE_ERROR: .*, inactive"),
                stands("GOAWAY of 20,000 bytes", (peer, tcp) -> peer.send(7, 0, 0, new byte[20_000]), LOST + "FRAME_SIZE_ERROR: .*, inactive"),
                stands("padding beyond the frame", (peer, tcp) -> peer.send(0, 8, 1, bytes(200, 1)), LOST + "PROTOCOL_ERROR: padding exceeds .*, inactive"),
                stands("CONTINUATION from nowhere", (peer, tcp) -> peer.send(9, 4, 1), LOST + "PROTOCOL_ERROR: CONTINUATION without HEADERS, inactive"),
                stands("DATA on an idle stream", (peer, tcp) -> peer.send(0, 0, 3, SOME), LOST + "PROTOCOL_ERROR: DATA on an idle stream, inactive"),
                stands("DATA on a server stream", (peer, tcp) -> peer.send(0, 0, 2, SOME), LOST + "PROTOCOL_ERROR: DATA on an idle stream, inactive"),
                stands("DATA on stream 0", (peer, tcp) -> peer.send(0, 0, 0, SOME), LOST + "PROTOCOL_ERROR: DATA on stream 0, inactive"),
                stands("HEADERS on an idle stream", (peer, tcp) -> peer.headers(3, false, ":status", "200"), LOST + "PROTOCOL_ERROR: HEADERS on an idle stream, inactive"),
                stands("HEADERS on a server stream", (peer, tcp) -> peer.headers(2, false, ":method", "GET"),
                        LOST + "PROTOCOL_ERROR: HEADERS on an idle stream, inactive"),
                stands("RST_STREAM on an idle stream", (peer, tcp) -> peer.send(3, 0, 5, new byte[4]), LOST + "PROTOCOL_ERROR: RST_STREAM on an idle stream, inactive"),
                stands("WINDOW_UPDATE on an idle stream", (peer, tcp) -> peer.send(8, 0, 5, bytes(0, 0, 9, 9)),
                        LOST + "PROTOCOL_ERROR: WINDOW_UPDATE on an idle stream, inactive"),
                stands("half a frame", (peer, tcp) -> peer.raw(bytes(0, 0, 100, 0, 0, 0, 0, 0, 1, 'x')), "x, " + LOST + "no answer to PING within 400 ms, inactive")
                        .withTimes(t -> t.withPing(SHORT, SHORT)),
                stands("half a TLS record", (peer, tcp) -> tcp.getOutputStream().write(bytes(23, 3, 3, 0x40, 0, 1, 2, 3)),
                        LOST + "no answer to PING within 400 ms, inactive").withTimes(t -> t.withPing(SHORT, SHORT)),
                stands("a TLS alert in clear", (peer, tcp) -> tcp.getOutputStream().write(bytes(21, 3, 3, 0, 2, 2, 40)), LOST + ".*, inactive")
                        .withTimes(t -> t.withPing(SHORT, LONG)),
                stands("a damaged TLS record", (peer, tcp) -> tcp.getOutputStream().write(join(bytes(23, 3, 3, 0, 40), new byte[40])), LOST + ".*, inactive")
                        // BoringSSL's reaction shows at the next write, as Netty sends its alert first.
                        .withTimes(t -> t.withPing(SHORT, LONG)),
                stands("new TLS keys forever", (peer, tcp) -> {
                    for (int i = 0; i < 2000; i++) {
                        peer.keyUpdate();
                    }
                    peer.send(3, 0, 1, bytes(0, 0, 0, 8));
                    // BoringSSL allows 32 in a row; the JDK doesn't count them, and continues.
                }, (OpenSsl.isAvailable() ? LOST : "reset: ") + ".*, inactive").withTimes(t -> t.withPing(SHORT, LONG)),
                stands("close_notify", (peer, tcp) -> peer.close(), LOST + "closed by the peer, inactive"),
                stands("FIN without close_notify", (peer, tcp) -> tcp.shutdownOutput(), LOST + ".*, inactive"),
                stands("TCP reset", (peer, tcp) -> App.reset(tcp), LOST + ".*, inactive"));
    }

    private static Attack settings(String name, String error, int... payload) {
        return stands(name, (peer, tcp) -> peer.send(4, 0, 0, bytes(payload)), LOST + error + ", inactive");
    }

    static Stream<Attack> floods() {
        return Stream.of(
                flood("PING", 2000, frame(6, 0, 0, new byte[8])),
                flood("PING answers", 2000, frame(6, 1, 0, new byte[8])),
                flood("SETTINGS", 2000, frame(4, 0, 0)),
                flood("full SETTINGS", 2000, frame(4, 0, 0, repeated(64, 0, 4, 0, 1, 0, 0))),
                flood("SETTINGS answers", 2000, frame(4, 1, 0)),
                flood("PRIORITY", 2000, frame(2, 0, 1, bytes(0, 0, 0, 3, 0))),
                flood("frames of an unknown type", 2000, frame(77, 0, 0, SOME)),
                flood("WINDOW_UPDATE of 1", 2000, frame(8, 0, 0, bytes(0, 0, 0, 1))),
                flood("WINDOW_UPDATE of 1 for the stream", 2000, frame(8, 0, 1, bytes(0, 0, 0, 1))),
                flood("GOAWAY", 2000, frame(7, 0, 0, bytes(0, 0, 0, 1, 0, 0, 0, 0))),
                stands("GOAWAY with ever lower last streams", (peer, tcp) -> goAways(peer, -1), LOST + "ENHANCE_YOUR_CALM: too many control frames, inactive"),
                stands("GOAWAY with ever higher last streams", (peer, tcp) -> goAways(peer, 1), LOST + "ENHANCE_YOUR_CALM: too many control frames, inactive"),
                stands("empty DATA", (peer, tcp) -> storm(peer, 2000, frame(0, 0, 1)), LOST + "ENHANCE_YOUR_CALM: too many empty DATA frames, inactive"));
    }

    /** The attack begins after the only tunnel has been reset. */
    static Stream<Attack> floodsOnAClosedStream() {
        return Stream.of(
                onClosedStream("RST_STREAM", frame(3, 0, 1, new byte[4]), "too many control frames"),
                onClosedStream("HEADERS", frame(1, 4, 1, block(":status", "200")), "too many control frames"),
                onClosedStream("header lists that are too large", frame(1, 4, 1, block("x", "q".repeat(17_000))), "too many resets"),
                onClosedStream("large WINDOW_UPDATEs", frame(8, 0, 1, bytes(0, 1, 0, 0)), "too many control frames"),
                onClosedStream("DATA", frame(0, 0, 1, SOME), "too many resets"));
    }

    private static Attack flood(String name, int count, byte[] frame) {
        return stands("flood of " + name, (peer, tcp) -> storm(peer, count, frame), LOST + "ENHANCE_YOUR_CALM: too many control frames, inactive");
    }

    private static Attack onClosedStream(String name, byte[] frame, String why) {
        return stands("flood of " + name, (peer, tcp) -> {
            peer.send(3, 0, 1, bytes(0, 0, 0, 8));
            storm(peer, 2000, frame);
        }, "connection: ENHANCE_YOUR_CALM: " + why);
    }

    private static void goAways(RawPeer peer, int direction) throws java.io.IOException {
        for (int i = 0; i < 2000; i++) {
            int last = 5000 + direction * 2 * i + 1;
            peer.send(7, 0, 0, bytes(0, 0, last >> 8, last, 0, 0, 0, 0));
        }
    }

    private static byte[] repeated(int times, int... payload) {
        byte[] all = new byte[0];
        for (int i = 0; i < times; i++) {
            all = join(all, bytes(payload));
        }
        return all;
    }

    private static byte[] join(byte[]... parts) {
        java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    private static Path ca(Mesh mesh) {
        return mesh.directory.resolve("ca");
    }

    @ParameterizedTest
    @MethodSource({"handshakes", "answers", "tunnels", "floods"})
    void endsTheTunnelByName(Attack attack) throws Exception {
        attack(attack, (opening, app) -> assertThat(said(opening, app)).matches("(?s)" + attack.tunnel()));
    }

    @ParameterizedTest
    @MethodSource("floodsOnAClosedStream")
    void endsTheConnection(Attack attack) throws Exception {
        mesh.clientEvents.clear();
        attack(attack, (opening, app) -> assertThat(mesh.clientEvents.poll(Mesh.PATIENCE, TimeUnit.SECONDS)).isEqualTo(attack.tunnel()));
    }

    private interface Expectation {
        void check(Future<TunnelChannel> opening, Recorder app) throws Exception;
    }

    private static void attack(Attack attack, Expectation expectation) throws Exception {
        HboneOptions options = HboneOptions.client().with(HboneLimits.client().withControlFrames(500).withResets(20));
        int before = mesh.clientConnections.size();
        HbonePool pool = mesh.pool(attack.options().apply(options));
        try (EvilServer server = new EvilServer(tcp -> attack.script().play(mesh, tcp))) {
            Recorder app = new Recorder();
            expectation.check(mesh.start(pool, Mesh.to(server.address()), app), app);
            sibling.write("alive");
            assertThat(sibling.next()).isEqualTo("alive");
            assertThat(server.accepted()).as("one attempt, or a few where the peer says that it hasn't looked").isLessThanOrEqualTo(4);
            mesh.onClient(() -> {
                pool.close();
                return null;
            });
        }
        for (Channel connection : mesh.clientConnections.subList(before, mesh.clientConnections.size())) {
            assertThat(connection.closeFuture().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
        }
    }

    private static String said(Future<TunnelChannel> opening, Recorder app) throws InterruptedException {
        assertThat(opening.await(Mesh.PATIENCE, TimeUnit.SECONDS)).as("the request ends").isTrue();
        if (!opening.isSuccess()) {
            return "failed: " + opening.cause().getMessage();
        }
        List<String> all = new ArrayList<>();
        do {
            all.add(app.next());
        } while (!all.contains("inactive") && !all.contains("(nothing)"));
        return String.join(", ", all);
    }
}
