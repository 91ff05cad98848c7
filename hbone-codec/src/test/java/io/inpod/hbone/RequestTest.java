package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.server.HboneServer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** RFC 9113 section 8.5 and related sections, frame by frame. A violation ends only its own stream. */
@Timeout(60)
class RequestTest {
    private static final int PROTOCOL_ERROR = 1;
    private static final String[] GOOD = {":method", "CONNECT", ":authority", "10.0.0.1:80"};

    static Stream<Arguments> violations() {
        return Stream.of(
                Arguments.of("path", new String[] {":method", "CONNECT", ":authority", "10.0.0.1:80", ":path", "/"}),
                Arguments.of("scheme", new String[] {":method", "CONNECT", ":authority", "10.0.0.1:80", ":scheme", "https"}),
                Arguments.of("protocol", new String[] {":method", "CONNECT", ":authority", "10.0.0.1:80", ":protocol", "websocket"}),
                Arguments.of("no authority", new String[] {":method", "CONNECT"}),
                Arguments.of("no method", new String[] {":authority", "10.0.0.1:80"}),
                Arguments.of("two methods", new String[] {":method", "CONNECT", ":method", "CONNECT", ":authority", "10.0.0.1:80"}),
                Arguments.of("two authorities", new String[] {":method", "CONNECT", ":authority", "10.0.0.1:80", ":authority", "10.0.0.1:80"}),
                Arguments.of("no port", new String[] {":method", "CONNECT", ":authority", "10.0.0.1"}),
                Arguments.of("port 0", new String[] {":method", "CONNECT", ":authority", "10.0.0.1:0"}),
                Arguments.of("port with zero", new String[] {":method", "CONNECT", ":authority", "10.0.0.1:080"}),
                Arguments.of("port too large", new String[] {":method", "CONNECT", ":authority", "10.0.0.1:65536"}),
                Arguments.of("user", new String[] {":method", "CONNECT", ":authority", "me@10.0.0.1:80"}),
                Arguments.of("bare IPv6", new String[] {":method", "CONNECT", ":authority", "fd00::1:80"}),
                Arguments.of("uppercase", new String[] {":method", "CONNECT", ":authority", "10.0.0.1:80", "Baggage", "x"}),
                Arguments.of("connection", new String[] {":method", "CONNECT", ":authority", "10.0.0.1:80", "connection", "close"}),
                Arguments.of("te", new String[] {":method", "CONNECT", ":authority", "10.0.0.1:80", "te", "gzip"}),
                Arguments.of("CR LF", new String[] {":method", "CONNECT", ":authority", "10.0.0.1:80", "x", "a\r\nb"}),
                Arguments.of("late pseudo-header", new String[] {":method", "CONNECT", "x", "y", ":authority", "10.0.0.1:80"}));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("violations")
    void aViolationResetsItsStreamOnly(String name, String[] fields) throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                peer.headers(1, false, GOOD);
                assertThat(peer.next().type()).isEqualTo(1);
                peer.headers(3, false, fields);
                RawPeer.Frame answer = peer.next();
                assertThat(answer.type()).as("type of frame").isEqualTo(3);
                assertThat(answer.stream()).isEqualTo(3);
                assertThat(answer.code()).isEqualTo(PROTOCOL_ERROR);
                peer.send(0, 0, 1, "still here".getBytes(StandardCharsets.US_ASCII));
                assertThat(new String(peer.next().payload(), StandardCharsets.US_ASCII)).isEqualTo("still here");
            }
        }
    }

    @Test
    void tooManyHeadersGet431() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                peer.headers(1, false, GOOD);
                assertThat(peer.next().type()).isEqualTo(1);
                peer.headers(3, false, ":method", "CONNECT", ":authority", "10.0.0.1:80", "x", "y".repeat(66_000));
                RawPeer.Frame answer = peer.next();
                assertThat(answer.type()).isEqualTo(1);
                assertThat(answer.flags() & 1).as("END_STREAM").isEqualTo(1);
                assertThat(new String(answer.payload(), StandardCharsets.ISO_8859_1)).as("a literal :status").contains("431");
                RawPeer.Frame reset = peer.next();
                assertThat(reset.type()).isEqualTo(3);
                assertThat(reset.code()).isZero();
                peer.send(0, 0, 1, "still here".getBytes(StandardCharsets.US_ASCII));
                assertThat(new String(peer.next().payload(), StandardCharsets.US_ASCII)).isEqualTo("still here");
            }
        }
    }

    /** A tunnel keeps headers as long as it lives, so their receiver says which it needs. */
    @Test
    void onlyTheHeadersThatTheOptionsNameAreKept() throws Exception {
        try (Mesh mesh = new Mesh()) {
            List<List<Header>> asked = new CopyOnWriteArrayList<>();
            HboneOptions server = HboneOptions.server().withHeaders("baggage"::equals);
            var address = mesh.serve(new HboneServer(mesh.ca, server, HboneEvents.NONE), request -> {
                asked.add(request.headers());
                try {
                    asked.add(request.accept(List.of(new Header("x", "1"), new Header("y", "2")), new Recorder()).peerHeaders());
                } catch (TunnelResetException e) {
                    throw new IllegalStateException(e);
                }
            });
            Recorder client = new Recorder();
            HbonePool pool = mesh.pool(HboneOptions.client().withHeaderFilter(all -> List.of(all.get(1))));
            ConnectRequest request =
                    new ConnectRequest(Mesh.APP, List.of(new Header("baggage", "b"), new Header("other", "o".repeat(8000))));
            mesh.onClient(() -> pool.open(Mesh.to(address), request, client)).get(Mesh.PATIENCE, TimeUnit.SECONDS);

            assertThat(asked).hasSize(2).allSatisfy(kept -> assertThat(kept).containsExactly(new Header("baggage", "b")));
            assertThat(client.channel().peerHeaders()).containsExactly(new Header("y", "2"));
        }
    }

    @Test
    void anotherMethodGets400() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                peer.headers(1, false, ":method", "GET", ":scheme", "https", ":path", "/", ":authority", "x");
                RawPeer.Frame answer = peer.next();
                assertThat(answer.type()).isEqualTo(1);
                assertThat(answer.flags() & 1).as("END_STREAM").isEqualTo(1);
                assertThat(answer.payload()[0]).as("static table entry of :status 400").isEqualTo((byte) 0x8c);
                RawPeer.Frame reset = peer.next();
                assertThat(reset.type()).isEqualTo(3);
                assertThat(reset.code()).isZero();
            }
        }
    }

    static Stream<Arguments> connectionErrors() {
        return Stream.of(
                Arguments.of("DATA on an idle stream", PROTOCOL_ERROR, new int[] {0, 0, 5}, new byte[1]),
                Arguments.of("RST_STREAM on an idle stream", PROTOCOL_ERROR, new int[] {3, 0, 5}, new byte[4]),
                Arguments.of("even stream", PROTOCOL_ERROR, new int[] {1, 4, 2}, RawPeer.block(GOOD)),
                Arguments.of("PUSH_PROMISE", PROTOCOL_ERROR, new int[] {5, 4, 1}, new byte[5]),
                Arguments.of("short PING", 6, new int[] {6, 0, 0}, new byte[7]),
                Arguments.of("bad SETTINGS", 6, new int[] {4, 0, 0}, new byte[5]),
                Arguments.of("WINDOW_UPDATE 0", PROTOCOL_ERROR, new int[] {8, 0, 0}, new byte[4]),
                Arguments.of("window overflow", 3, new int[] {8, 0, 0}, new byte[] {0x7f, -1, -1, -1}),
                Arguments.of("CONTINUATION alone", PROTOCOL_ERROR, new int[] {9, 4, 1}, new byte[1]),
                Arguments.of("interrupted header block", PROTOCOL_ERROR, new int[] {1, 0, 1}, new byte[1]),
                Arguments.of("broken HPACK", 9, new int[] {1, 4, 1}, new byte[] {(byte) 0xff, (byte) 0xff, (byte) 0xff, 0x7f}),
                Arguments.of("three sizes of the HPACK table", 9, new int[] {1, 4, 1}, new byte[] {0x3f, (byte) 0xe1, 0x1f, 0x20, 0x3f, (byte) 0xe1, 0x1f}),
                Arguments.of("a field of nothing", PROTOCOL_ERROR, new int[] {1, 4, 1}, new byte[] {0x40, 0, 0}),
                Arguments.of("a field of nothing in a list that is too large", PROTOCOL_ERROR, new int[] {1, 4, 1}, nothingInALargeList()));
    }

    /** A field of 4,000 bytes is added to the table and repeated; the fields after it aren't kept, but are added to the table too. */
    private static byte[] nothingInALargeList() {
        ByteBuffer block = ByteBuffer.allocate(4100).put(new byte[] {0x40, 1, 'x', 0x7f, (byte) 0xa1, 0x1e}).position(6 + 4000);
        for (int i = 0; i < 40; i++) {
            block.put((byte) 0xbe);
        }
        return Arrays.copyOf(block.array(), block.put(new byte[] {0x40, 0, 0}).position());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("connectionErrors")
    void aBrokenConnectionGetsGoAway(String name, int code, int[] frame, byte[] payload) throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                peer.send(frame[0], frame[1], frame[2], payload);
                if (name.startsWith("interrupted")) {
                    peer.send(6, 0, 0, new byte[8]);
                }
                RawPeer.Frame answer = peer.next();
                assertThat(answer.type()).isEqualTo(7);
                assertThat(answer.code()).isEqualTo(code);
            }
        }
    }

    static Stream<Arguments> floods() {
        return Stream.of(Arguments.of("continuations"), Arguments.of("empty data"), Arguments.of("resets"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("floods")
    void aFloodGetsGoAway(String kind) throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                try {
                    peer.headers(1, false, GOOD);
                    switch (kind) {
                        case "continuations" -> {
                            peer.send(1, 0, 3);
                            for (int i = 0; i < 40; i++) {
                                peer.send(9, 0, 3);
                            }
                        }
                        case "empty data" -> {
                            for (int i = 0; i < 110; i++) {
                                peer.send(0, 0, 1);
                            }
                        }
                        default -> {
                            for (int i = 3; i < 8001; i += 2) {
                                peer.headers(i, false, GOOD);
                                peer.send(3, 0, i, new byte[4]);
                            }
                        }
                    }
                } catch (java.io.IOException e) {
                    // Closed while we were still sending. The GOAWAY can be read, unless TCP has reset the connection.
                }
                int code = -1;
                try {
                    for (RawPeer.Frame f = peer.next(); code < 0; f = peer.next()) {
                        code = f.type() == 7 ? f.code() : -1;
                    }
                } catch (java.io.IOException e) {
                    // The event reports the same.
                }
                String said = mesh.serverEvents.poll(Mesh.PATIENCE, java.util.concurrent.TimeUnit.SECONDS);
                while (said != null && said.startsWith("handler: ")) {
                    // The client cancelled these requests to the echo handler.
                    said = mesh.serverEvents.poll(Mesh.PATIENCE, java.util.concurrent.TimeUnit.SECONDS);
                }
                assertThat(said).contains("ENHANCE_YOUR_CALM");
            }
        }
    }

    @Test
    void tooManyStreamsAreRefused() throws Exception {
        try (Mesh mesh = new Mesh()) {
            HboneServer server = new HboneServer(mesh.ca, HboneOptions.server().withMaxConcurrentStreams(2), HboneEvents.NONE);
            var address = mesh.serve(server, Mesh.echo());
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                peer.headers(1, false, GOOD);
                peer.headers(3, false, GOOD);
                peer.headers(5, false, GOOD);
                RawPeer.Frame frame = peer.next();
                while (frame.type() == 1) {
                    frame = peer.next();
                }
                assertThat(frame.type()).isEqualTo(3);
                assertThat(frame.stream()).isEqualTo(5);
                assertThat(frame.code()).as("REFUSED_STREAM").isEqualTo(7);
            }
        }
    }
}
