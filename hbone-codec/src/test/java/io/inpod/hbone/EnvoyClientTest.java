package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.server.HboneServer;
import io.netty.channel.ChannelOption;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Our server with Envoy 1.40 as its client, to which the application connects. */
@Timeout(90)
class EnvoyClientTest {
    private final LinkedBlockingQueue<Recorder> tunnels = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<TunnelRequest> requests = new LinkedBlockingQueue<>();
    private Mesh mesh;

    @BeforeEach
    void start() throws Exception {
        mesh = new Mesh();
    }

    @AfterEach
    void stop() throws Exception {
        mesh.close();
    }

    private Envoy envoy(InetSocketAddress server) throws Exception {
        return envoy(server, Mesh.SERVER.toString());
    }

    private Envoy envoy(InetSocketAddress server, String expected) throws Exception {
        return new Envoy(mesh, "client.yaml", Mesh.CLIENT, Map.of("SERVER", String.valueOf(server.getPort()), "EXPECTED", expected));
    }

    private InetSocketAddress recording() throws Exception {
        return mesh.serve(request -> {
            requests.add(request);
            Recorder recorder = new Recorder();
            try {
                request.accept(List.of(new Header("baggage", "k8s.namespace.name=b")), recorder);
            } catch (TunnelResetException e) {
                throw new IllegalStateException(e);
            }
            tunnels.add(recorder);
        });
    }

    private Recorder tunnel() throws InterruptedException {
        return Objects.requireNonNull(tunnels.poll(Mesh.PATIENCE, TimeUnit.SECONDS));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void bytesAndEndsBothWays(boolean applicationFirst) throws Exception {
        try (Envoy envoy = envoy(recording()); Socket app = App.connect(envoy.address)) {
            App.write(app, "question");
            Recorder tunnel = tunnel();
            assertThat(tunnel.next()).isEqualTo("question");
            TunnelRequest request = requests.element();
            assertThat(request.authority()).isEqualTo(Mesh.APP);
            assertThat(request.peerIdentity()).isEqualTo(Mesh.CLIENT);
            assertThat(request.headers()).anyMatch(h -> h.name().equals("forwarded") && h.value().equals("for=127.0.0.1:" + app.getLocalPort()));
            if (applicationFirst) {
                app.shutdownOutput();
                assertThat(List.of(tunnel.next(), tunnel.next())).containsExactly("EOF", "EOF-complete");
                tunnel.write("answer");
                tunnel.channel().shutdownOutput();
                assertThat(App.read(app, 6)).isEqualTo("answer");
                assertThat(App.end(app)).isEqualTo("EOF");
            } else {
                tunnel.write("answer");
                tunnel.channel().shutdownOutput();
                assertThat(App.read(app, 6)).isEqualTo("answer");
                assertThat(App.end(app)).isEqualTo("EOF");
                App.write(app, "more");
                assertThat(tunnel.next()).isEqualTo("more");
                app.shutdownOutput();
                assertThat(List.of(tunnel.next(), tunnel.next())).containsExactly("EOF", "EOF-complete");
            }
            assertThat(tunnel.next()).isEqualTo("inactive");
        }
    }

    /** Envoy turns CANCEL into a TCP reset and CONNECT_ERROR into an end. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void weReset(boolean connectError) throws Exception {
        try (Envoy envoy = envoy(recording()); Socket app = App.connect(envoy.address)) {
            App.write(app, "x");
            Recorder tunnel = tunnel();
            assertThat(tunnel.next()).isEqualTo("x");
            if (connectError) {
                tunnel.channel().config().setOption(ChannelOption.SO_LINGER, 0);
            }
            tunnel.channel().close();
            assertThat(App.end(app)).isEqualTo(connectError ? "EOF" : "reset");
        }
    }

    @Test
    void theApplicationResets() throws Exception {
        try (Envoy envoy = envoy(recording()); Socket app = App.connect(envoy.address)) {
            App.write(app, "x");
            Recorder tunnel = tunnel();
            assertThat(tunnel.next()).isEqualTo("x");
            App.reset(app);
            assertThat(tunnel.next()).isEqualTo("reset: tunnel reset by the peer: INTERNAL_ERROR");
        }
    }

    @Test
    void aRefusalEndsTheApplicationsConnection() throws Exception {
        try (Envoy envoy = envoy(mesh.serve(request -> request.refuse(503)))) {
            for (int i = 0; i < 3; i++) {
                try (Socket app = App.connect(envoy.address)) {
                    assertThat(App.end(app)).isEqualTo("EOF");
                }
            }
            assertThat(mesh.accepted.size()).as("the connection outlives refusals").isEqualTo(1);
        }
    }

    @Test
    void bulkIsIntact() throws Exception {
        try (Envoy envoy = envoy(mesh.serve(Mesh.echo())); Socket app = App.connect(envoy.address)) {
            byte[] sent = new byte[20 << 20];
            new Random(1).nextBytes(sent);
            CompletableFuture<byte[]> echoed = CompletableFuture.supplyAsync(() -> {
                try {
                    return app.getInputStream().readAllBytes();
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            app.getOutputStream().write(sent);
            app.shutdownOutput();
            assertThat(Arrays.equals(echoed.get(60, TimeUnit.SECONDS), sent)).isTrue();
        }
    }

    @Test
    void drainSendsNewTunnelsElsewhere() throws Exception {
        try (Envoy envoy = envoy(recording()); Socket first = App.connect(envoy.address)) {
            App.write(first, "one");
            Recorder tunnel = tunnel();
            assertThat(tunnel.next()).isEqualTo("one");
            HboneServer.drain(mesh.accepted.iterator().next(), Duration.ofSeconds(60));
            while (mesh.accepted.size() == 1) {
                try (Socket more = App.connect(envoy.address)) {
                    App.write(more, "x");
                    assertThat(tunnel().next()).isEqualTo("x");
                }
            }
            tunnel.write("still here");
            assertThat(App.read(first, 10)).isEqualTo("still here");
        }
    }

    @Test
    void envoyRefusesAnUnexpectedIdentity() throws Exception {
        try (Envoy envoy = envoy(recording(), "spiffe://cluster.local/ns/b/sa/other"); Socket app = App.connect(envoy.address)) {
            assertThat(App.end(app)).isEqualTo("EOF");
            assertThat(tunnels).isEmpty();
        }
    }
}
