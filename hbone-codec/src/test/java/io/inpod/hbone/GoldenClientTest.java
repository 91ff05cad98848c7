package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.inpod.hbone.client.HbonePool;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The golden cases of the connecting side, replayed by a peer that sends the same: same outcome, or a line in {@code differences.tsv}. */
@Timeout(60)
class GoldenClientTest {
    private static final Pattern STATUS = Pattern.compile("status-([0-9]+)(-open)?");
    private static final Pattern RESET = Pattern.compile("peer-rst-(before-200-)?([0-9]+)-.*");
    private static final Pattern GOAWAY = Pattern.compile("goaway-last([01])-(.*)");

    private static Mesh mesh;
    private static Goldens.Side goldens;

    static Stream<String> replayed() throws IOException {
        goldens = Goldens.Side.of("client");
        return goldens.replayed();
    }

    @BeforeAll
    static void start() throws Exception {
        mesh = new Mesh();
    }

    @AfterAll
    static void stop() throws Exception {
        mesh.close();
    }

    @ParameterizedTest
    @MethodSource("replayed")
    void behavesAsTheGoldenOrAsTheTableSays(String id) throws Exception {
        JsonNode golden = goldens.get(id);
        String theirs = expected(golden.get("observed"));
        String ours;
        try (App listener = new App()) {
            // An unexpected PING would be recorded, so none may be sent.
            HbonePool pool = mesh.pool(HboneOptions.client().with(HboneTimes.client().withSilence(Duration.ofMinutes(1))));
            Recorder app = new Recorder();
            var address = new java.net.InetSocketAddress(java.net.InetAddress.getLoopbackAddress(), listener.authority().port());
            Future<TunnelChannel> opening = mesh.start(pool, Mesh.to(address), app);
            try (RawPeer peer = RawPeer.accept(listener.accept(), mesh.ca.certificate(Mesh.SERVER), true, "TLSv1.3", "h2")) {
                peer.readPreface();
                GoldenWire wire = new GoldenWire(peer);
                play(id, peer, wire, app);
                // The client's loop may not have handled the last frames yet.
                mesh.onClient(() -> null);
                ours = String.join(", ", wire.said) + "; " + (wire.closed() ? "closed" : "open") + "; " + app(opening, app);
            }
            mesh.onClient(() -> {
                pool.close();
                return null;
            });
        }
        goldens.check(id, ours, theirs);
    }

    private static String expected(JsonNode observed) {
        List<String> frames = observed.has("frames") ? Goldens.frames(observed.get("frames")) : List.of("CONNECT");
        boolean closed = observed.path("closed").isArray() || observed.path("conn_closed").isArray() || observed.path("conn_closed_after_last_stream").isArray();
        JsonNode app = observed.has("app") ? observed.get("app") : observed.has("old_stream") ? observed.get("old_stream") : observed.path("app_got");
        String end = app.path("end").asText();
        String data = app.path("data").asText();
        return String.join(", ", frames) + "; " + (closed ? "closed" : "open") + "; "
                + (data.isEmpty() ? end.equals("open") || app.isMissingNode() ? "open" : "ended" : data + (end.equals("FIN") ? ", EOF" : ""));
    }

    private static String app(Future<TunnelChannel> opening, Recorder app) throws InterruptedException {
        if (opening.isDone() && !opening.isSuccess() || !opening.isDone()) {
            return opening.isDone() ? "ended" : "waiting";
        }
        List<String> all = new ArrayList<>();
        for (String s = app.log.poll(1, TimeUnit.SECONDS); s != null; s = app.log.poll(200, TimeUnit.MILLISECONDS)) {
            all.add(s.startsWith("reset") ? "reset" : s);
        }
        all.removeAll(List.of("EOF-complete", "inactive"));
        String said = String.join(", ", all);
        return said.isEmpty() ? "open" : said.equals("EOF") ? "ended" : said.replace("late-1, late-2", "late-1late-2");
    }

    private static void play(String id, RawPeer peer, GoldenWire wire, Recorder app) throws Exception {
        if (id.equals("peer-h2-garbage")) {
            byte[] garbage = new byte[100];
            java.util.Arrays.fill(garbage, (byte) 0xff);
            peer.raw(garbage);
            wire.barrier();
            return;
        }
        peer.send(4, 0, 0);
        wire.await("CONNECT", 1);
        Matcher status = STATUS.matcher(id);
        Matcher reset = RESET.matcher(id);
        Matcher goAway = GOAWAY.matcher(id);
        if (status.matches()) {
            peer.headers(1, status.group(2) == null && !status.group(1).equals("199"), ":status", status.group(1), "x-note", "denied");
        } else if (reset.matches()) {
            if (reset.group(1) == null) {
                greet(peer, wire, app);
                peer.send(0, 0, 1, ascii("part"));
            }
            peer.send(3, 0, 1, new byte[] {0, 0, 0, Byte.parseByte(reset.group(2))});
        } else if (goAway.matches()) {
            greet(peer, wire, app);
            peer.send(7, 0, 0, new byte[] {0, 0, 0, Byte.parseByte(goAway.group(1)), 0, 0, 0, (byte) (id.endsWith("internal") ? 2 : id.endsWith("calm") ? 11 : 0)});
            wire.barrier();
            if (id.endsWith("calm")) {
                peer.send(0, 0, 1, ascii("two"));
            } else if (id.endsWith("close-stream")) {
                peer.send(0, 1, 1);
                app.channel().shutdownOutput();
            }
        } else {
            others(id, peer, wire, app);
        }
        wire.barrier();
    }

    private static void others(String id, RawPeer peer, GoldenWire wire, Recorder app) throws Exception {
        switch (id) {
            case "status-100-then-200" -> {
                peer.headers(1, false, ":status", "100");
                greet(peer, wire, app);
                peer.send(0, 0, 1, ascii("hi"));
                wire.barrier();
                app.channel().shutdownOutput();
            }
            case "status-200-body-503-trailer" -> {
                peer.headers(1, false, ":status", "200");
                wire.barrier();
                peer.send(0, 0, 1, ascii("abc"));
                peer.headers(1, true, "x-trailer", "1");
            }
            case "status-200-extra-headers" -> {
                peer.headers(1, false, ":status", "200", "content-length", "5", "server", "x", "date", "now");
                wire.barrier();
                app.write("hi-more-than-5");
                wire.await("DATA", 1);
                peer.send(0, 0, 1, ascii("hi-more-than-5"));
            }
            case "headers-too-large" -> peer.headers(1, false, ":status", "200", "x-big", "q".repeat(15_000), "x-big2", "q".repeat(5000));
            case "data-before-headers" -> peer.send(0, 0, 1, ascii("abc"));
            case "push-promise" -> peer.send(5, 4, 1, (byte) 0, (byte) 0, (byte) 0, (byte) 2);
            case "goaway-before-200" -> peer.send(7, 0, 0, new byte[8]);
            case "half-close-peer-headers-end" -> {
                peer.headers(1, true, ":status", "200");
                wire.barrier();
                app.write("more");
                wire.await("DATA", 1);
            }
            case "half-close-app" -> {
                greet(peer, wire, app);
                app.channel().shutdownOutput();
                wire.await("DATA END", 1);
                peer.send(0, 0, 1, ascii("late-1"));
                peer.send(0, 1, 1, ascii("late-2"));
            }
            case "half-close-app-separate-fin" -> {
                greet(peer, wire, app);
                app.channel().shutdownOutput();
                wire.await("DATA END", 1);
            }
            case "half-close-peer" -> {
                greet(peer, wire, app);
                peer.send(0, 1, 1, ascii("bye"));
                wire.barrier();
                app.write("after-fin");
                app.channel().shutdownOutput();
                wire.await("DATA END", 1);
            }
            default -> throw new IllegalArgumentException("not played: needs a line in differences.tsv");
        }
    }

    /** Sends the 200 response and the application's first bytes. */
    private static void greet(RawPeer peer, GoldenWire wire, Recorder app) throws Exception {
        peer.headers(1, false, ":status", "200");
        wire.barrier();
        app.write("hi");
        wire.await("DATA", 1);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
