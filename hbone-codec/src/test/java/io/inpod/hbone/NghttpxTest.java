package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.client.HbonePool;
import io.netty.channel.ChannelOption;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** nghttpx between our client and our server: both speak to nghttp2, over mutual TLS. */
@Timeout(60)
class NghttpxTest {
    private final LinkedBlockingQueue<Recorder> tunnels = new LinkedBlockingQueue<>();
    private final LinkedBlockingQueue<TunnelRequest> requests = new LinkedBlockingQueue<>();
    private Mesh mesh;
    private Process nghttpx;
    private InetSocketAddress proxy;
    private HbonePool pool;

    @BeforeEach
    void start() throws Exception {
        Tools.require("nghttpx", "--version");
        mesh = new Mesh();
        var server = mesh.serve(request -> {
            requests.add(request);
            Recorder recorder = new Recorder();
            try {
                if (request.authority().port() == 81) {
                    request.refuse(503);
                    return;
                }
                request.accept(List.of(), recorder);
            } catch (TunnelResetException e) {
                throw new IllegalStateException(e);
            }
            tunnels.add(recorder);
        });
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            proxy = new InetSocketAddress(InetAddress.getLoopbackAddress(), free.getLocalPort());
        }
        Path front = mesh.directory.resolve("front.pem");
        Path back = mesh.directory.resolve("back.pem");
        mesh.ca.issueTo(Mesh.SERVER, front, mesh.directory.resolve("front-key.pem"));
        mesh.ca.issueTo(Mesh.CLIENT, back, mesh.directory.resolve("back-key.pem"));
        String root = mesh.ca.rootCertificate().toString();
        nghttpx = new ProcessBuilder("nghttpx", "--conf=/dev/null", "--http2-proxy", "--workers=1", "--frontend=127.0.0.1," + proxy.getPort(),
                "--backend=127.0.0.1," + server.getPort() + ";;proto=h2;tls", "--insecure", "--tls-min-proto-version=TLSv1.3",
                "--verify-client", "--verify-client-cacert=" + root, "--client-cert-file=" + back,
                "--client-private-key-file=" + mesh.directory.resolve("back-key.pem"), mesh.directory.resolve("front-key.pem").toString(), front.toString())
                .redirectErrorStream(true).redirectOutput(mesh.directory.resolve("log").toFile()).start();
        Tools.awaitListener(proxy, nghttpx, mesh.directory.resolve("log"));
        pool = mesh.pool();
    }

    @AfterEach
    void stop() throws Exception {
        if (nghttpx != null) {
            nghttpx.destroy();
            nghttpx.waitFor(10, TimeUnit.SECONDS);
        }
        if (mesh != null) {
            mesh.close();
        }
    }

    @Test
    void bytesAndEnds() throws Exception {
        Recorder client = mesh.open(pool, proxy);
        Recorder server = Objects.requireNonNull(tunnels.poll(Mesh.PATIENCE, TimeUnit.SECONDS));
        assertThat(requests.element().authority()).isEqualTo(Mesh.APP);
        client.write("question");
        assertThat(server.next()).isEqualTo("question");
        server.write("answer");
        server.channel().shutdownOutput();
        assertThat(List.of(client.next(), client.next(), client.next())).containsExactly("answer", "EOF", "EOF-complete");
        // nghttpx doesn't forward a client's END_STREAM.
        client.channel().shutdownOutput();
        assertThat(client.next()).isEqualTo("inactive");
    }

    @Test
    void resetsPass() throws Exception {
        Recorder client = mesh.open(pool, proxy);
        Recorder server = Objects.requireNonNull(tunnels.poll(Mesh.PATIENCE, TimeUnit.SECONDS));
        client.channel().close();
        assertThat(server.next()).startsWith("reset: tunnel reset by the peer: ");
        client = mesh.open(pool, proxy);
        server = Objects.requireNonNull(tunnels.poll(Mesh.PATIENCE, TimeUnit.SECONDS));
        server.channel().config().setOption(ChannelOption.SO_LINGER, 0);
        server.channel().close();
        assertThat(client.next()).as("nghttpx hides a server's reset").isEqualTo("EOF");
    }

    @Test
    void aRefusalPasses() throws Exception {
        assertThatThrownBy(() -> mesh.onClient(() -> pool.open(Mesh.to(proxy), new ConnectRequest(Authority.parse("10.1.2.3:81"), List.of()), new Recorder()))
                .get(Mesh.PATIENCE, TimeUnit.SECONDS)).cause()
                .isInstanceOfSatisfying(TunnelRefusedException.class, e -> assertThat(e.status()).isEqualTo(503));
    }

    /** nghttp can read our frames but can't open tunnels: it sends a request that isn't CONNECT. */
    @Test
    void nghttpUnderstandsUs() throws Exception {
        Tools.require("nghttp", "--version");
        InetSocketAddress direct = mesh.serve(Mesh.echo());
        String said = Tools.run("nghttp", "-nv", "--no-verify-peer", "--cert=" + mesh.directory.resolve("back.pem"),
                "--key=" + mesh.directory.resolve("back-key.pem"), "https://127.0.0.1:" + direct.getPort() + "/");
        assertThat(said).contains("recv SETTINGS frame", "[SETTINGS_MAX_CONCURRENT_STREAMS(0x03):200]", "[SETTINGS_INITIAL_WINDOW_SIZE(0x04):4194304]",
                ":status: 400").doesNotContain("PROTOCOL_ERROR");
        assertThat(Files.exists(mesh.directory.resolve("back.pem"))).isTrue();
    }
}
