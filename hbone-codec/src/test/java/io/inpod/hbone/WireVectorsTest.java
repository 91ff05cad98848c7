package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.netty.channel.ChannelOption;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The test vectors for frames and for the ends of tunnels, run against a server on a socket. */
@Timeout(60)
class WireVectorsTest {
    private static Mesh mesh;
    private static InetSocketAddress echo;
    private static InetSocketAddress recording;
    private static volatile Recorder recorder = new Recorder();

    @BeforeAll
    static void start() throws Exception {
        mesh = new Mesh();
        echo = mesh.serve(Mesh.echo());
        recording = mesh.serve(request -> Mesh.accept(request, recorder));
    }

    @AfterAll
    static void stop() throws Exception {
        mesh.close();
    }

    static Stream<JsonNode> frames() throws IOException {
        return Vectors.of("frames.json");
    }

    static Stream<JsonNode> closing() throws IOException {
        return Vectors.of("closing.json");
    }

    @ParameterizedTest
    @MethodSource("frames")
    void frame(JsonNode vector) throws Exception {
        try (RawPeer peer = RawPeer.http2(mesh, echo)) {
            GoldenWire wire = open(peer);
            for (JsonNode frame : vector.get("frames")) {
                peer.raw(HexFormat.of().parseHex(frame.asText()));
            }
            wire.barrier();
            assertThat(wire.said).isEqualTo(texts(vector.get("wire")));
            assertThat(wire.closed() ? "closed" : "open").isEqualTo(vector.get("connection").asText());
        }
    }

    @ParameterizedTest
    @MethodSource("closing")
    void end(JsonNode vector) throws Exception {
        recorder = new Recorder();
        try (RawPeer peer = RawPeer.http2(mesh, recording)) {
            GoldenWire wire = open(peer);
            for (JsonNode frame : vector.get("peer")) {
                peer.raw(HexFormat.of().parseHex(frame.asText()));
                wire.barrier();
            }
            for (JsonNode action : vector.get("local")) {
                switch (action.asText()) {
                    case "shutdown" -> recorder.channel().shutdownOutput().sync();
                    case "close" -> recorder.channel().close().sync();
                    default -> {
                        recorder.channel().config().setOption(ChannelOption.SO_LINGER, 0);
                        recorder.channel().close().sync();
                    }
                }
            }
            wire.barrier();
            assertThat(wire.said).isEqualTo(texts(vector.get("wire")));
            List<String> seen = new ArrayList<>();
            for (String expected : texts(vector.get("channel"))) {
                String said = recorder.next();
                if (said.equals("EOF-complete")) {
                    said = recorder.next();
                }
                seen.add(said.startsWith("reset") ? "reset" : said.equals("inactive") ? "closed" : said);
                assertThat(expected).isNotBlank();
            }
            assertThat(seen).isEqualTo(texts(vector.get("channel")));
        }
    }

    private static GoldenWire open(RawPeer peer) throws IOException {
        GoldenWire wire = new GoldenWire(peer);
        peer.headers(1, false, ":method", "CONNECT", ":authority", "10.1.2.3:8080");
        wire.barrier();
        assertThat(wire.said).containsExactly("HEADERS 200");
        wire.said.clear();
        return wire;
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(t -> texts.add(t.asText()));
        return texts;
    }
}
