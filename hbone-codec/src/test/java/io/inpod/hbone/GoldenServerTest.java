package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The golden cases of the accepting side, replayed: same outcome, or a line in {@code differences.tsv} that explains why not. Decisions
 * outside the codec (policy, services, ports) are taken from the golden.
 */
@Timeout(60)
class GoldenServerTest {
    private static final String POD = "10.88.1.2:";
    private static final byte[] PING = "ping".getBytes(StandardCharsets.US_ASCII);
    private static final Pattern REPEATED = Pattern.compile("([0-9]+) x '(.)'");
    private static final Pattern BIG_FRAME = Pattern.compile("DATA flags=0 stream=1 length=([0-9]+) of 00");
    private static final Map<String, Integer> TYPES = Map.of("DATA", 0, "HEADERS", 1, "PRIORITY", 2, "RST_STREAM", 3, "SETTINGS", 4,
            "PUSH_PROMISE", 5, "PING", 6, "GOAWAY", 7, "WINDOW_UPDATE", 8, "CONTINUATION", 9);

    private static Mesh mesh;
    private static java.net.InetSocketAddress address;
    private static volatile int decided = 200;
    private static volatile int later = 200;
    private static volatile Recorder sink = new Recorder();

    private static Goldens.Side goldens;

    static Stream<String> replayed() throws IOException {
        goldens = Goldens.Side.of("server");
        return goldens.replayed();
    }

    @BeforeAll
    static void start() throws Exception {
        mesh = new Mesh();
        address = mesh.serve(GoldenServerTest::app);
    }

    @AfterAll
    static void stop() throws Exception {
        mesh.close();
    }

    @ParameterizedTest
    @MethodSource("replayed")
    void behavesAsTheGoldenOrAsTheTableSays(String id) throws Exception {
        JsonNode golden = goldens.get(id);
        JsonNode observed = golden.get("observed");
        decided = observed.path("status").asInt(200);
        later = observed.path("second_request_same_connection").asInt(200);
        sink = new Recorder();
        String ours = replay(golden.get("input"));
        String theirs = expected(observed);
        goldens.check(id, ours, theirs);
    }

    private static String expected(JsonNode observed) {
        String end = observed.path("connection_after").isArray() ? "closed" : "open";
        String again = observed.has("second_request_same_connection") ? ", then " + observed.get("second_request_same_connection").asText()
                : observed.has("later_request_same_connection") ? ", then " + observed.get("later_request_same_connection").asText() : "";
        String app = observed.has("app_side_end") ? ", app: " + observed.get("app_side_end").toString().replaceAll(".*\"(eof|rst)\".*", "$1") : "";
        return String.join(", ", Goldens.frames(observed.path("frames"))) + "; " + end + again + app;
    }

    private static String replay(JsonNode input) throws Exception {
        if (input.has("raw")) {
            try (RawPeer peer = RawPeer.tls(mesh, address)) {
                peer.raw(HexFormat.of().parseHex(input.get("raw").asText()));
                return finish(new GoldenWire(peer), peer, input);
            }
        }
        try (RawPeer peer = RawPeer.http2(mesh, address)) {
            GoldenWire wire = new GoldenWire(peer);
            if (input.has("frames")) {
                frames(input, peer, wire);
            } else if (input.has("headers")) {
                request(input, peer, wire);
            } else {
                throw new IllegalArgumentException("nothing to send: needs a line in differences.tsv");
            }
            return finish(wire, peer, input);
        }
    }

    private static void request(JsonNode input, RawPeer peer, GoldenWire wire) throws IOException {
        List<String> fields = new ArrayList<>();
        for (JsonNode header : input.get("headers")) {
            String value = header.get(1).asText();
            Matcher repeated = REPEATED.matcher(value);
            fields.add(header.get(0).asText());
            fields.add(repeated.matches() ? repeated.group(2).repeat(Integer.parseInt(repeated.group(1))) : value);
        }
        byte[] block = RawPeer.block(fields.toArray(new String[0]));
        boolean end = input.path("end_stream").asBoolean();
        int piece = 16_000;
        for (int at = 0; at == 0 || at < block.length; at += piece) {
            boolean last = at + piece >= block.length;
            byte[] payload = java.util.Arrays.copyOfRange(block, at, Math.min(block.length, at + piece));
            try {
                peer.send(at == 0 ? 1 : 9, (last ? 4 : 0) | (at == 0 && end ? 1 : 0), 1, payload);
            } catch (SocketException e) {
                break; // the connection was ended before all of it was sent
            }
        }
        wire.barrier();
        if (wire.said.contains("HEADERS 200") && (input.has("after_200") || input.has("data_after_200"))) {
            if (!input.path("after_200").path(0).asText().startsWith("empty")) {
                peer.send(0, 0, 1, PING);
                wire.barrier();
            }
            if (!wire.closed() && wire.said.stream().noneMatch(s -> s.startsWith("RST"))) {
                peer.send(0, 1, 1);
                wire.barrier();
            }
        }
    }

    private static void frames(JsonNode input, RawPeer peer, GoldenWire wire) throws IOException {
        if (input.path("after_200_on_stream_1").asBoolean(true)) {
            peer.headers(1, false, ":method", "CONNECT", ":authority", POD + (input.path("note").asText().startsWith("sink") ? 8085 : 8080));
            wire.barrier();
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (JsonNode frame : input.get("frames")) {
            Matcher big = BIG_FRAME.matcher(frame.asText());
            if (big.matches()) {
                all.write(RawPeer.frame(0, 0, 1, new byte[Integer.parseInt(big.group(1))]));
            } else {
                int type = frame.get("type").isInt() ? frame.get("type").asInt() : TYPES.get(frame.get("type").asText());
                byte[] payload = HexFormat.of().parseHex(frame.get("payload_hex").asText());
                all.write(RawPeer.frame(type, frame.get("flags").asInt(), frame.get("stream").asInt(), payload));
            }
        }
        try {
            peer.raw(all.toByteArray());
        } catch (SocketException e) {
            // The request was refused before all of it was sent.
        }
        wire.barrier();
    }

    private static String finish(GoldenWire wire, RawPeer peer, JsonNode input) throws Exception {
        if (input.has("raw")) {
            wire.await("(its end)", 1);
        }
        String frames = String.join(", ", wire.said);
        String again = "";
        if (!wire.closed() && !input.has("raw") && !input.path("note").asText().matches("sink.*|no huffman.*")) {
            wire.said.clear();
            decided = later;
            peer.headers(101, false, ":method", "CONNECT", ":authority", POD + "8080");
            wire.barrier();
            again = ", then " + String.join(", ", wire.said).replaceFirst("^HEADERS ([0-9]+).*", "$1");
        }
        String app = "";
        if (input.path("note").asText().startsWith("sink")) {
            List<String> all = List.of(sink.next(), sink.next());
            app = ", app: " + (all.get(1).startsWith("reset") ? "reset" : all.get(1).equals("EOF") ? "eof" : all.get(1));
        }
        return frames + "; " + (wire.closed() ? "closed" : "open") + again + app;
    }

    /** The applications of the golden's topology. */
    private static void app(TunnelRequest request) {
        try {
            if (decided != 200) {
                request.refuse(decided);
                return;
            }
            switch (request.authority().port()) {
                case 8081 -> request.accept(List.of(), new Mesh.Echo()).writeAndFlush(Unpooled.copiedBuffer("HELLO-FROM-APP", StandardCharsets.US_ASCII));
                case 8083 -> request.accept(List.of(), new Resets());
                case 8084 -> request.accept(List.of(), new EndsFirst());
                case 8085 -> request.accept(List.of(), sink);
                default -> request.accept(List.of(), new Mesh.Echo());
            }
        } catch (TunnelResetException e) {
            // The case cancelled the request.
        }
    }

    private static final class Resets extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ((io.netty.buffer.ByteBuf) message).release();
            ctx.channel().config().setOption(ChannelOption.SO_LINGER, 0);
            ctx.close();
        }
    }

    private static final class EndsFirst extends ChannelInboundHandlerAdapter {
        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ((io.netty.buffer.ByteBuf) message).release();
            ctx.writeAndFlush(ctx.alloc().buffer(10).writeZero(10));
            ((TunnelChannel) ctx.channel()).shutdownOutput();
        }
    }
}
