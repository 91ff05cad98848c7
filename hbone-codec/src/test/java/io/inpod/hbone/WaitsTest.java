package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.server.HboneServer;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every wait of a server has a limit. */
@Timeout(60)
class WaitsTest {
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final String[] GOOD = {":method", "CONNECT", ":authority", "10.0.0.1:80"};

    private static InetSocketAddress serve(Mesh mesh, HboneTimes times, TunnelRequestHandler handler) throws Exception {
        return mesh.serve(new HboneServer(mesh.ca, HboneOptions.server().with(times), Mesh.events(mesh.serverEvents)), handler);
    }

    private static String event(Mesh mesh) throws InterruptedException {
        String said = mesh.serverEvents.poll(Mesh.PATIENCE, TimeUnit.SECONDS);
        return said == null ? "(nothing)" : said;
    }

    @Test
    void forTheHandshake() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = serve(mesh, HboneTimes.server().withHandshake(SHORT, LONG), Mesh.echo());
            try (Socket silent = new Socket(address.getAddress(), address.getPort())) {
                silent.setSoTimeout(20_000);
                assertThat(silent.getInputStream().read()).isEqualTo(-1);
                assertThat(event(mesh)).contains("handshake timed out");
            }
        }
    }

    @Test
    void forThePreface() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = serve(mesh, HboneTimes.server().withHandshake(LONG, SHORT), Mesh.echo());
            try (SSLSocket silent = RawPeer.connect(address, mesh.ca.certificate(Mesh.CLIENT), "h2")) {
                silent.startHandshake();
                assertThat(event(mesh)).isEqualTo("handshake: no HTTP/2 SETTINGS within PT0.3S");
            }
        }
    }

    @Test
    void forTheFirstRequest() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = serve(mesh, HboneTimes.server().withFirstRequest(SHORT), Mesh.echo());
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                assertThat(event(mesh)).isEqualTo("handshake: no request within PT0.3S");
                RawPeer.Frame frame = peer.next();
                assertThat(frame.type()).as("GOAWAY").isEqualTo(7);
                assertThat(frame.code()).isZero();
            }
        }
    }

    /** Both parts of a block are kept: those of whole frames, and the beginning of the last one. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void forAHeaderBlock(boolean wholeFrame) throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = serve(mesh, HboneTimes.server().withBlock(SHORT), Mesh.echo());
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                peer.headers(1, false, GOOD);
                assertThat(peer.next().type()).isEqualTo(1);
                byte[] headers = RawPeer.frame(1, wholeFrame ? 0 : 4, 3, RawPeer.block(GOOD));
                peer.raw(wholeFrame ? headers : Arrays.copyOf(headers, headers.length - 1));
                assertThat(event(mesh)).isEqualTo("connection: ENHANCE_YOUR_CALM: a header block wasn't complete within PT0.3S");
            }
        }
    }

    @Test
    void forTheHandlersAnswer() throws Exception {
        try (Mesh mesh = new Mesh()) {
            LinkedBlockingQueue<TunnelRequest> asked = new LinkedBlockingQueue<>();
            var address = serve(mesh, HboneTimes.server().withAnswer(SHORT), asked::add);
            assertThatThrownBy(() -> mesh.open(mesh.pool(), address)).hasCauseInstanceOf(TunnelRefusedException.class).hasMessageContaining("504");
            TunnelRequest request = asked.take();
            assertThat(request.abandoned().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
            CompletableFuture<String> late = new CompletableFuture<>();
            request.connection().eventLoop().execute(() -> {
                try {
                    request.accept(java.util.List.of(), new Recorder());
                    late.complete("accepted");
                } catch (TunnelResetException e) {
                    late.complete("too late");
                }
            });
            assertThat(late.get(Mesh.PATIENCE, TimeUnit.SECONDS)).isEqualTo("too late");
            assertThat(mesh.serverEvents).contains("expired: PT0.3S");
        }
    }

    @Test
    void forTunnelsOnAnIdleConnection() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = serve(mesh, HboneTimes.server().withPing(Duration.ofMillis(50), LONG).withIdle(SHORT), request -> request.refuse(503));
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                peer.headers(1, false, GOOD);
                assertGoAwayThenClose(peer);
            }
        }
    }

    @Test
    void forTheEndOfAnOldConnection() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = serve(mesh, HboneTimes.server().withPing(Duration.ofMillis(50), LONG).withMaxAge(SHORT), Mesh.echo());
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                peer.headers(1, false, GOOD);
                assertThat(peer.next().type()).isEqualTo(1);
                // The connection is draining, but the tunnel may go on.
                assertThat(peer.nextAnswering().type()).as("GOAWAY").isEqualTo(7);
                peer.send(0, 0, 1, "still".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                assertThat(new String(data(peer).payload(), java.nio.charset.StandardCharsets.US_ASCII)).isEqualTo("still");
                peer.send(0, 1, 1);
                assertThat(data(peer).flags() & 1).as("END_STREAM").isEqualTo(1);
                assertThatThrownBy(() -> {
                    while (true) {
                        assertThat(peer.nextAnswering().type()).isEqualTo(7);
                    }
                }).as("closed").isInstanceOf(java.io.IOException.class);
            }
        }
    }

    private static RawPeer.Frame data(RawPeer peer) throws Exception {
        RawPeer.Frame frame = peer.nextAnswering();
        while (frame.type() == 7) {
            frame = peer.nextAnswering();
        }
        return frame;
    }

    private static void assertGoAwayThenClose(RawPeer peer) throws Exception {
        boolean goAway = false;
        try {
            while (true) {
                goAway |= peer.nextAnswering().type() == 7;
            }
        } catch (java.io.IOException e) {
            // closed
        }
        assertThat(goAway).as("GOAWAY before the end").isTrue();
    }

    @Test
    void aClientsOldConnectionIsReplaced() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            HbonePool pool = mesh.pool(HboneOptions.client().with(HboneTimes.client().withPing(Duration.ofMillis(50), LONG).withMaxAge(SHORT)));
            Recorder old = mesh.open(pool, address);
            Recorder fresh = mesh.open(pool, address);
            while (fresh.channel().parent() == old.channel().parent()) {
                fresh.channel().close();
                fresh = mesh.open(pool, address);
            }
            old.write("still works");
            assertThat(old.next()).isEqualTo("still works");
            old.channel().shutdownOutput();
            assertThat(old.channel().parent().closeFuture().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
            assertThat(fresh.channel().isActive()).isTrue();
        }
    }
}
