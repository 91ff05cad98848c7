package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.server.HboneServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Peers that try to exhaust resources. */
@Timeout(120)
class HostileTest {
    private static final String[] GOOD = {":method", "CONNECT", ":authority", "10.0.0.1:80"};

    /** Frames that cost the sender nothing are counted, whatever their type. */
    @ParameterizedTest
    @ValueSource(strings = {"PING", "PING answers", "SETTINGS", "SETTINGS answers", "PRIORITY", "unknown", "WINDOW_UPDATE", "GOAWAY", "late WINDOW_UPDATE",
        "late trailers"})
    void floodsOfControlFramesEndTheConnection(String kind) throws Exception {
        try (Mesh mesh = new Mesh()) {
            HboneOptions options = HboneOptions.server().with(HboneLimits.server().withControlFrames(500));
            var address = mesh.serve(new HboneServer(mesh.ca, options, Mesh.events(mesh.serverEvents)), Mesh.echo());
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                peer.headers(1, false, GOOD);
                if (kind.startsWith("late")) {
                    assertThat(peer.next().type()).isEqualTo(1);
                    peer.send(3, 0, 1, new byte[] {0, 0, 0, 8});
                }
                ByteBuffer flood = ByteBuffer.allocate(40 * 2000);
                for (int i = 0; i < 2000; i++) {
                    switch (kind) {
                        case "PING" -> put(flood, 6, 0, 0, new byte[8]);
                        case "PING answers" -> put(flood, 6, 1, 0, new byte[8]);
                        case "SETTINGS" -> put(flood, 4, 0, 0, new byte[6]);
                        case "SETTINGS answers" -> put(flood, 4, 1, 0, new byte[0]);
                        case "PRIORITY" -> put(flood, 2, 0, 1, new byte[] {0, 0, 0, 3, 0});
                        case "unknown" -> put(flood, 77, 0, 0, new byte[3]);
                        case "late WINDOW_UPDATE" -> put(flood, 8, 0, 1, new byte[] {0, 1, 0, 0});
                        case "late trailers" -> put(flood, 1, 5, 1, RawPeer.block("x", "y"));
                        case "GOAWAY" -> put(flood, 7, 0, 0, new byte[8]);
                        default -> put(flood, 8, 0, i % 2, new byte[] {0, 0, 0, 1});
                    }
                }
                try {
                    peer.write(flood);
                } catch (IOException e) {
                    // Cut off before the last one.
                }
                assertThat(mesh.serverEvents.poll(Mesh.PATIENCE, TimeUnit.SECONDS)).isEqualTo("connection: ENHANCE_YOUR_CALM: too many control frames");
            }
        }
    }

    private static void put(ByteBuffer out, int type, int flags, int stream, byte[] payload) {
        out.put((byte) 0).putShort((short) payload.length).put((byte) type).put((byte) flags).putInt(stream).put(payload);
    }

    /** Small window updates in response to our frames aren't a flood: a reader that returns credit byte by byte is slow, not hostile. */
    @Test
    void aSlowReaderIsNoFlood() throws Exception {
        try (Mesh mesh = new Mesh()) {
            HboneOptions options = HboneOptions.server().with(HboneLimits.server().withControlFrames(100));
            var address = mesh.serve(new HboneServer(mesh.ca, options, Mesh.events(mesh.serverEvents)), request -> {
                TunnelChannel tunnel = Mesh.accept(request, new Recorder());
                tunnel.writeAndFlush(tunnel.alloc().buffer(70_000).writeZero(70_000));
                tunnel.shutdownOutput();
            });
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                peer.headers(1, false, GOOD);
                int total = 0;
                boolean ended = false;
                while (!ended) {
                    RawPeer.Frame frame = peer.next();
                    if (frame.type() == 0) {
                        total += frame.payload().length;
                        ended = (frame.flags() & 1) != 0;
                        if (total >= 65_535 && !ended) {
                            peer.send(8, 0, 0, new byte[] {0, 0, 0, 10});
                            peer.send(8, 0, 1, new byte[] {0, 0, 0, 10});
                        }
                    }
                }
                assertThat(total).isEqualTo(70_000);
                assertThat(mesh.serverEvents).isEmpty();
            }
        }
    }

    /** A peer requests answers and never reads them; guessing the reply to our PING doesn't help. */
    @Test
    void whoAsksAndNeverReadsIsCutOff() throws Exception {
        try (Mesh mesh = new Mesh()) {
            HboneOptions options = HboneOptions.server().withMaxConcurrentStreams(2000);
            List<Header> large = List.of(new Header("x", "\u00ff".repeat(8000)));
            var address = mesh.serve(new HboneServer(mesh.ca, options, Mesh.events(mesh.serverEvents)), request -> {
                try {
                    request.accept(large, new Recorder());
                } catch (TunnelResetException e) {
                    throw new IllegalStateException(e);
                }
            });
            RawPeer peer = RawPeer.deaf(mesh, address);
            CompletableFuture<Void> sender = CompletableFuture.runAsync(() -> {
                try {
                    for (int id = 1; id < 4000; id += 2) {
                        peer.headers(id, false, GOOD);
                    }
                } catch (IOException e) {
                    // The connection is aborted, as it should be.
                }
            });
            assertThat(mesh.serverEvents.poll(60, TimeUnit.SECONDS))
                    .isEqualTo("connection: ENHANCE_YOUR_CALM: the peer doesn't read the answers that it asks for");
            peer.close();
            sender.get(Mesh.PATIENCE, TimeUnit.SECONDS);
        }
    }

    /** A tunnel without credit buffers at most as much as its high-water mark allows, and ends when it is closed. */
    @Test
    void aZeroWindowStallsItsTunnelOnly() throws Exception {
        try (Mesh mesh = new Mesh()) {
            CompletableFuture<TunnelChannel> stalled = new CompletableFuture<>();
            var address = mesh.serve(request -> {
                if (stalled.isDone()) {
                    Mesh.accept(request, new Mesh.Echo());
                } else {
                    TunnelChannel tunnel = Mesh.accept(request, new Recorder());
                    while (tunnel.isWritable()) {
                        tunnel.writeAndFlush(tunnel.alloc().buffer(10_000).writeZero(10_000));
                    }
                    stalled.complete(tunnel);
                }
            });
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                peer.send(4, 0, 0, new byte[] {0, 4, 0, 0, 0, 0});
                peer.headers(1, false, GOOD);
                assertThat(peer.next().type()).isEqualTo(1);
                TunnelChannel tunnel = stalled.get(Mesh.PATIENCE, TimeUnit.SECONDS);
                long pending = tunnel.eventLoop().submit(() -> java.util.Objects.requireNonNull(tunnel.unsafe().outboundBuffer()).totalPendingWriteBytes()).get();
                assertThat(pending).isBetween(200_000L, 300_000L);
                peer.headers(3, false, GOOD);
                peer.send(8, 0, 3, new byte[] {0, 0, 1, 0});
                peer.send(0, 0, 3, "alive".getBytes(StandardCharsets.US_ASCII));
                assertThat(peer.next().type()).isEqualTo(1);
                assertThat(new String(peer.next().payload(), StandardCharsets.US_ASCII)).isEqualTo("alive");
                tunnel.close().sync();
                RawPeer.Frame reset = peer.next();
                assertThat(reset.type()).isEqualTo(3);
                assertThat(reset.stream()).isEqualTo(1);
            }
        }
    }

    /** Established tunnels may be reset without limit: that isn't the rapid reset of CVE-2023-44487. */
    @Test
    void resettingTunnelsThatStoodIsNoFlood() throws Exception {
        try (Mesh mesh = new Mesh()) {
            HboneOptions options = HboneOptions.server().with(HboneLimits.server().withResets(5));
            var address = mesh.serve(new HboneServer(mesh.ca, options, Mesh.events(mesh.serverEvents)), Mesh.echo());
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                for (int id = 1; id < 401; id += 2) {
                    peer.headers(id, false, GOOD);
                    assertThat(peer.next().type()).isEqualTo(1);
                    peer.send(3, 0, id, new byte[] {0, 0, 0, 8});
                }
                assertThat(mesh.serverEvents).isEmpty();
                // Resets that the peer provokes us to send are limited (CVE-2025-55163).
                try {
                    for (int id = 401; id < 441; id += 2) {
                        peer.headers(id, false, GOOD);
                        peer.send(8, 0, id, new byte[4]);
                    }
                } catch (IOException e) {
                    // Cut off before the last one.
                }
                String event;
                do {
                    event = mesh.serverEvents.poll(Mesh.PATIENCE, TimeUnit.SECONDS);
                } while (event != null && event.startsWith("handler: ")); // the request was reset before the handler received it
                assertThat(event).contains("too many resets");
            }
        }
    }

    /** A stream that the peer has ended stays ended, whether further DATA arrives before or after the stream is removed. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void dataAfterItsOwnEndIsAnErrorEvenOnAStreamThatIsGone(boolean reset) throws Exception {
        try (Mesh mesh = new Mesh()) {
            HboneOptions options = HboneOptions.server().with(HboneLimits.server().withResets(20));
            var address = mesh.serve(new HboneServer(mesh.ca, options, Mesh.events(mesh.serverEvents)), Mesh.echo());
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                peer.headers(1, false, GOOD);
                assertThat(peer.next().type()).isEqualTo(1);
                if (reset) {
                    peer.send(3, 0, 1, new byte[] {0, 0, 0, 8});
                } else {
                    peer.send(0, 1, 1);
                    assertThat(peer.next()).satisfies(end -> assertThat(end.type()).isZero()).satisfies(end -> assertThat(end.flags()).isEqualTo(1));
                }
                peer.send(0, 0, 1, new byte[10]);
                assertThat(peer.next()).satisfies(closed -> assertThat(closed.type()).isEqualTo(3))
                        .satisfies(closed -> assertThat(closed.stream()).isEqualTo(1)).satisfies(closed -> assertThat(closed.code()).isEqualTo(5));
                peer.headers(3, false, GOOD);
                assertThat(peer.next().type()).as("others go on").isEqualTo(1);
                try {
                    for (int i = 0; i < 30; i++) {
                        peer.send(0, 0, 1, new byte[10]);
                    }
                } catch (IOException e) {
                    // Cut off before the last one.
                }
                assertThat(mesh.serverEvents.poll(Mesh.PATIENCE, TimeUnit.SECONDS)).contains("too many resets");
            }
        }
    }
}
