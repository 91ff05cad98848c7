package io.inpod.netns.testing.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.socket.JdkSockets;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The example of docs/faults.md. */
class FaultRecipeTest {
    private final ExecutorService background = Executors.newSingleThreadExecutor();

    @AfterEach
    void end() {
        background.shutdownNow();
    }

    @Test
    @Pods(2)
    void aClientOutlivesAnOutage(PodNetwork network) throws Exception {
        var client = network.pod(0);
        var server = network.pod(1);
        try (ServerSocket listener = JdkSockets.server(server.namespace()).createServerSocket(8080)) {
            // docs/faults.md: begin
            Fault outage = network.between(client, server).port(8080).partition();
            Future<Socket> connecting =
                    background.submit(() -> JdkSockets.client(client.namespace()).createSocket(server.address(), 8080));
            outage.awaitHits(1, Duration.ofSeconds(10)); // its first attempt is lost
            outage.close();
            try (Socket accepted = listener.accept(); Socket connected = connecting.get()) {
                assertThat(accepted.getRemoteSocketAddress()).isEqualTo(connected.getLocalSocketAddress());
            }
            // docs/faults.md: end
        }
    }
}
