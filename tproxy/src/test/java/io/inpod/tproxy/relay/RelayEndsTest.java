package io.inpod.tproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Relays of TLS connections and tunnels that are cut off. */
@Timeout(120)
class RelayEndsTest {
    @Test
    void aLostTunnelIsAReset() throws Exception {
        try (TunnelPath path = new TunnelPath()) {
            isReset(path, path::loseConnection);
        }
    }

    @Test
    void aTlsConnectionWithoutItsOwnEndIsAReset() throws Exception {
        try (TlsPath path = new TlsPath()) {
            isReset(path, path::endBelowTls);
        }
    }

    private static void isReset(RelayPath path, Runnable cut) throws Exception {
        RelayPath.Connection connection = path.connect(RelayOptions.DEFAULT, 1 << 16);
        try (SocketChannel client = connection.client(); SocketChannel server = connection.server()) {
            client.socket().getOutputStream().write(1);
            assertThat(server.socket().getInputStream().read()).isEqualTo(1);
            cut.run();
            assertReset(client.socket());
            assertReset(server.socket());
            RelayResult result = connection.result().get(RelayPath.LIMIT_SECONDS, TimeUnit.SECONDS);
            assertThat(result.failedSide()).isEqualTo(RelaySide.UPSTREAM);
        }
    }

    private static void assertReset(Socket socket) {
        assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(IOException.class).hasMessageContaining("reset");
    }
}
