package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.channel.ChannelOption;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Python's h2 and OpenSSL at the other end. */
@Timeout(60)
class PythonPeerTest {
    @BeforeEach
    void tools() {
        Tools.require(Tools.PYTHON, "-c", "import h2, ssl");
    }

    @Test
    void pythonAsClient() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            String[] files = files(mesh, Mesh.CLIENT);
            String said = Tools.run(Tools.PYTHON, files[0], "client", String.valueOf(address.getPort()), files[1], files[2], files[3]);
            assertThat(said.lines()).containsExactly("peer TLSv1.3 h2 " + Mesh.SERVER, "status 200", "echoed 1048576 True");
        }
    }

    @Test
    void sessionsAreNotResumed() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            String[] files = files(mesh, Mesh.CLIENT);
            String said = Tools.run(Tools.PYTHON, files[0], "resume", String.valueOf(address.getPort()), files[1], files[2], files[3]);
            assertThat(said.lines()).containsExactly("resumed False", "resumed False");
        }
    }

    @Test
    void pythonAsServer() throws Exception {
        try (Mesh mesh = new Mesh()) {
            String[] files = files(mesh, Mesh.SERVER);
            Path log = mesh.directory.resolve("said");
            Process process = new ProcessBuilder(Tools.PYTHON, files[0], "server", files[1], files[2], files[3]).redirectErrorStream(true)
                    .redirectOutput(log.toFile()).start();
            try {
                InetSocketAddress address = new InetSocketAddress("127.0.0.1", Integer.parseInt(Tools.awaitLine(0, process, log)));
                HbonePool pool = mesh.pool();
                Recorder echo = new Recorder();
                mesh.onClient(() -> pool.open(Mesh.to(address),
                        new ConnectRequest(Mesh.APP, List.of(new Header("baggage", "k=v"), new Header("forwarded", "for=\"10.0.0.1:5\""))), echo))
                        .get(Mesh.PATIENCE, TimeUnit.SECONDS);
                assertThat(Tools.awaitLine(1, process, log)).isEqualTo("peer TLSv1.3 h2 " + Mesh.CLIENT);
                assertThat(Tools.awaitLine(2, process, log))
                        .isEqualTo("headers :method=CONNECT :authority=10.1.2.3:8080 baggage=k=v forwarded=for=\"10.0.0.1:5\"");
                assertThat(echo.channel().peerHeaders()).containsExactly(new Header("x-answer", "yes"));
                for (int i = 0; i < 10; i++) {
                    echo.channel().writeAndFlush(echo.channel().alloc().buffer().writeZero(100_000));
                }
                echo.channel().shutdownOutput();
                assertThat(List.of(echo.next(), echo.next(), echo.next())).containsExactly("EOF", "EOF-complete", "inactive");
                assertThat(echo.bytes.get()).isEqualTo(1_000_000);

                Recorder reset = mesh.open(pool, address);
                reset.write("reset me");
                assertThat(reset.next()).isEqualTo("reset: tunnel reset by the peer: CONNECT_ERROR");

                Recorder closed = mesh.open(pool, address);
                assertThat(Tools.awaitLine(4, process, log)).as("the third tunnel").startsWith("headers");
                closed.channel().config().setOption(ChannelOption.SO_LINGER, 0);
                closed.channel().close();
                assertThat(Tools.awaitLine(5, process, log)).as("CONNECT_ERROR").isEqualTo("reset 10");

                var refused = mesh.onClient(() -> pool.open(Mesh.to(address), new ConnectRequest(Authority.parse("10.0.0.1:81"), List.of()), new Recorder()));
                assertThatThrownBy(() -> refused.get(Mesh.PATIENCE, TimeUnit.SECONDS)).hasMessageContaining("status 503");

                Recorder lost = mesh.open(pool, address);
                process.destroyForcibly();
                assertThat(lost.next()).startsWith("reset: the HBONE connection to " + Mesh.SERVER + " was lost");
            } finally {
                process.destroyForcibly().waitFor();
            }
        }
    }

    private static String[] files(Mesh mesh, SpiffeId identity) throws Exception {
        Path script = mesh.directory.resolve("peer.py");
        try (InputStream in = PythonPeerTest.class.getResourceAsStream("/peer.py")) {
            Files.write(script, java.util.Objects.requireNonNull(in).readAllBytes());
        }
        Path chain = mesh.directory.resolve("chain.pem");
        Path key = mesh.directory.resolve("key.pem");
        mesh.ca.issueTo(identity, chain, key);
        return new String[] {script.toString(), chain.toString(), key.toString(), mesh.ca.rootCertificate().toString()};
    }
}
