package io.inpod.tproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.bpf.SockMap;
import io.inpod.netns.testing.SockMaps;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each end of a connection looks through a relay as it looks without one. The table of docs/endings.md. */
@Timeout(180)
class EndingsTest {
    private static final int TIMES = 15; // losing what was received before a reset is a matter of timing
    private static RelayPath sockets;
    private static RelayPath socketsOfNetty;
    private static RelayPath tls;
    private static RelayPath tunnel;
    private static SockMap sockMap;
    private static TunnelPath shortTunnel;

    @BeforeAll
    static void open() throws Exception {
        sockets = new SocketPath(Kind.OURS);
        socketsOfNetty = new SocketPath(Kind.NETTYS);
        tls = new TlsPath();
        tunnel = new TunnelPath();
        sockMap = SockMaps.open();
        shortTunnel = sockMap == null ? null : new TunnelPath(sockMap);
    }

    @AfterAll
    static void close() throws IOException {
        sockets.close();
        socketsOfNetty.close();
        tls.close();
        tunnel.close();
        if (sockMap != null) {
            shortTunnel.close();
            sockMap.close();
        }
    }

    @ParameterizedTest
    @EnumSource
    void throughSockets(EndOfConnection end) throws Exception {
        isSeenAsWithoutRelay(end, sockets);
    }

    @ParameterizedTest
    @EnumSource
    void throughSocketsOfNetty(EndOfConnection end) throws Exception {
        isSeenAsWithoutRelay(end, socketsOfNetty);
    }

    @ParameterizedTest
    @EnumSource
    void throughATunnelThatBypassesTheNetwork(EndOfConnection end) throws Exception {
        SockMaps.require(sockMap);
        isSeenAsWithoutRelay(end, shortTunnel);
        assertThat(shortTunnel.joined()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void throughATunnel(EndOfConnection end) throws Exception {
        isSeenAsWithoutRelay(end, tunnel);
    }

    @ParameterizedTest
    @EnumSource
    void throughTls(EndOfConnection end) throws Exception {
        isSeenAsWithoutRelay(end, tls);
    }

    /** The kernel ends the connections of a process that is killed: in order, or with RST if something is unread. */
    @Test
    void ofAKilledProcess() throws Exception {
        for (String unread : new String[] {"", "x"}) {
            String expected = unread.isEmpty() ? "3 bytes, end" : "3 bytes, reset";
            try (ServerSocket app = new ServerSocket(0, 16, InetAddress.getLoopbackAddress())) {
                assertThat(seenOfAKilledClient((InetSocketAddress) app.getLocalSocketAddress(), unread, app::accept)).isEqualTo(expected);
            }
            for (RelayPath path : new RelayPath[] {sockets, tunnel}) {
                String seen = seenOfAKilledClient(path.address(), unread, () -> path.accept(RelayOptions.DEFAULT).server().socket());
                assertThat(seen).as("%s with %s", path, unread).isEqualTo(expected);
            }
        }
    }

    private interface Accepting {
        Socket accept() throws Exception;
    }

    private static String seenOfAKilledClient(InetSocketAddress to, String unread, Accepting server) throws Exception {
        Tool.require("bash");
        String script = "exec 3<>/dev/tcp/127.0.0.1/" + to.getPort() + "; read -r -n 1 go <&3; printf BYE >&3; kill -9 $$";
        Process client = new ProcessBuilder("bash", "-c", script).start();
        try (Socket socket = server.accept()) {
            socket.getOutputStream().write(("g" + unread).getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            assertThat(client.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(client.exitValue()).isEqualTo(128 + 9);
            return EndOfConnection.readToTheEnd(socket);
        } finally {
            client.destroyForcibly();
        }
    }

    private static void isSeenAsWithoutRelay(EndOfConnection end, RelayPath path) throws Exception {
        int times = end == EndOfConnection.CLOSE_WITH_MUCH_UNSENT ? 1 : TIMES;
        for (boolean clientEnds : new boolean[] {true, false}) {
            String expected;
            try (ServerSocketChannel app = ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                    SocketChannel client = RelayPath.socket(1 << 17)) {
                client.connect(app.getLocalAddress());
                try (SocketChannel server = app.accept()) {
                    expected = seen(end, client.socket(), server.socket(), clientEnds);
                }
            }
            for (int i = 0; i < times; i++) {
                RelayPath.Connection connection = path.connect(RelayOptions.DEFAULT, 1 << 17);
                try (SocketChannel client = connection.client(); SocketChannel server = connection.server()) {
                    assertThat(seen(end, client.socket(), server.socket(), clientEnds))
                            .as("%s of the %s, attempt %s", end, clientEnds ? "client" : "server", i).isEqualTo(expected);
                } finally {
                    connection.relay().abort();
                    connection.result().get(RelayPath.LIMIT_SECONDS, TimeUnit.SECONDS);
                }
            }
        }
    }

    private static String seen(EndOfConnection end, Socket client, Socket server, boolean clientEnds) throws Exception {
        client.setSoTimeout(60_000);
        server.setSoTimeout(60_000);
        client.getOutputStream().write(1);
        server.getOutputStream().write(server.getInputStream().read());
        assertThat(client.getInputStream().read()).isEqualTo(1); // the relay has begun
        return clientEnds ? end.seenByTheOther(client, server) : end.seenByTheOther(server, client);
    }
}
