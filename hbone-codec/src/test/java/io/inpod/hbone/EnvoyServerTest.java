package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.util.concurrent.Future;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Our client with Envoy 1.40 as its server, which connects to the application. */
@Timeout(90)
class EnvoyServerTest {
    private Mesh mesh;
    private App app;
    private HbonePool pool;

    @BeforeEach
    void start() throws Exception {
        mesh = new Mesh();
        app = new App();
        pool = mesh.pool();
    }

    @AfterEach
    void stop() throws Exception {
        app.close();
        mesh.close();
    }

    private Envoy envoy(String duration) throws Exception {
        return new Envoy(mesh, "server.yaml", Mesh.SERVER, Map.of("DURATION", duration));
    }

    private Recorder open(Envoy envoy) throws Exception {
        Recorder recorder = new Recorder();
        start(envoy, recorder, app.authority()).get(Mesh.PATIENCE, TimeUnit.SECONDS);
        return recorder;
    }

    private Future<TunnelChannel> start(Envoy envoy, Recorder recorder, Authority to) throws Exception {
        List<Header> headers = List.of(new Header("baggage", "k=v"), new Header("forwarded", "for=\"10.0.0.1:5\""),
                new Header("traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-00"));
        return mesh.onClient(() -> pool.open(Mesh.to(envoy.address), new ConnectRequest(to, headers), recorder));
    }

    @Test
    void bytesAndTheClientsEnd() throws Exception {
        try (Envoy envoy = envoy("")) {
            Recorder tunnel = open(envoy);
            try (Socket socket = app.accept()) {
                tunnel.write("question");
                assertThat(App.read(socket, 8)).isEqualTo("question");
                tunnel.channel().shutdownOutput();
                assertThat(App.end(socket)).isEqualTo("EOF");
                App.write(socket, "answer after the end");
                assertThat(tunnel.next()).isEqualTo("answer after the end");
            }
            assertThat(List.of(tunnel.next(), tunnel.next(), tunnel.next())).containsExactly("EOF", "EOF-complete", "inactive");
        }
    }

    /** Envoy can't half-close in this direction: it sends END_STREAM and RST_STREAM NO_ERROR. That is an end, not a reset. */
    @Test
    void theApplicationEndsFirst() throws Exception {
        try (Envoy envoy = envoy("")) {
            Recorder tunnel = open(envoy);
            try (Socket socket = app.accept()) {
                App.write(socket, "all there is");
                socket.shutdownOutput();
                assertThat(List.of(tunnel.next(), tunnel.next(), tunnel.next(), tunnel.next()))
                        .containsExactly("all there is", "EOF", "EOF-complete", "inactive");
            }
        }
    }

    @Test
    void theApplicationResets() throws Exception {
        try (Envoy envoy = envoy("")) {
            Recorder tunnel = open(envoy);
            try (Socket socket = app.accept()) {
                App.reset(socket);
                assertThat(tunnel.next()).isEqualTo("reset: tunnel reset by the peer: CONNECT_ERROR");
            }
        }
    }

    /** Envoy forwards our reset as an end; what we sent before arrives. */
    @Test
    void weReset() throws Exception {
        try (Envoy envoy = envoy("")) {
            Recorder tunnel = open(envoy);
            try (Socket socket = app.accept()) {
                tunnel.write("part").sync();
                assertThat(App.read(socket, 4)).isEqualTo("part");
                tunnel.channel().close();
                assertThat(App.end(socket)).isEqualTo("EOF");
            }
        }
    }

    @Test
    void aRefusalLeavesTheConnection() throws Exception {
        try (Envoy envoy = envoy("")) {
            Authority nobody;
            try (App gone = new App()) {
                nobody = gone.authority();
            }
            assertThatThrownBy(() -> start(envoy, new Recorder(), nobody).get(Mesh.PATIENCE, TimeUnit.SECONDS))
                    .cause().isInstanceOfSatisfying(TunnelRefusedException.class, e -> assertThat(e.status()).isEqualTo(503));
            open(envoy);
            app.accept().close();
            assertThat(mesh.clientConnections).hasSize(1);
        }
    }

    @Test
    void anUnexpectedIdentityIsRefused() throws Exception {
        try (Envoy envoy = new Envoy(mesh, "server.yaml", SpiffeId.parse("spiffe://cluster.local/ns/b/sa/other"), Map.of("DURATION", ""))) {
            assertThatThrownBy(() -> open(envoy)).isInstanceOf(ExecutionException.class).hasMessageContaining("expected peer " + Mesh.SERVER);
        }
    }

    @Test
    void envoyRefusesAForeignTrustDomain() throws Exception {
        try (Envoy envoy = envoy("")) {
            SpiffeId foreign = SpiffeId.parse("spiffe://other.example/ns/a/sa/client");
            HboneDestination to = new HboneDestination(foreign, Set.of(Mesh.SERVER), envoy.address, null);
            assertThatThrownBy(() -> mesh.start(pool, to, new Recorder()).get(Mesh.PATIENCE, TimeUnit.SECONDS)).isInstanceOf(ExecutionException.class);
        }
    }

    /** Opens 50 tunnels with a limit of 20. */
    @Test
    void itsStreamLimitIsKept() throws Exception {
        try (Envoy envoy = envoy("")) {
            List<Recorder> tunnels = new ArrayList<>();
            List<Future<TunnelChannel>> opening = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                tunnels.add(new Recorder());
                opening.add(start(envoy, tunnels.get(i), app.authority()));
            }
            List<Socket> sockets = new ArrayList<>();
            for (Future<TunnelChannel> one : opening) {
                one.get(Mesh.PATIENCE, TimeUnit.SECONDS);
                sockets.add(app.accept());
            }
            assertThat(mesh.clientConnections).hasSizeBetween(3, 4);
            for (Socket socket : sockets) {
                App.write(socket, "x");
                socket.close();
            }
            for (Recorder tunnel : tunnels) {
                assertThat(List.of(tunnel.next(), tunnel.next())).containsExactly("x", "EOF");
            }
        }
    }

    /** The other tunnels end in order, because Envoy drops a connection after 1,000 resets plus 33 per second, nghttp2's limit. */
    @Test
    void goAwayLeavesOpenTunnels() throws Exception {
        try (Envoy envoy = envoy("max_connection_duration: 1s")) {
            Recorder first = open(envoy);
            try (Socket one = app.accept()) {
                while (mesh.clientConnections.size() == 1) {
                    Recorder other = open(envoy);
                    app.accept().close();
                    assertThat(other.next()).isEqualTo("EOF");
                    other.channel().close();
                }
                first.write("still here");
                assertThat(App.read(one, 10)).isEqualTo("still here");
                App.write(one, "and back");
                assertThat(first.next()).isEqualTo("and back");
            }
        }
    }
}
