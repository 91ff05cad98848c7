package io.inpod.examples.ztunnel.succession;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.unix.PrivateSocket;
import io.inpod.netns.unix.SeqpacketListener;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A ztunnel that hangs, for example because it was stopped: its successor asks once, not for every port of every pod. */
@Pods
@Timeout(60)
class SilentPredecessorTest {
    private static final Duration NOW = Duration.ofMillis(1);

    @Test
    void itIsAskedOnce(PodNetwork network, @TempDir Path directory) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Path shared = directory.resolve("hand-over");
        try (SeqpacketListener silent = PrivateSocket.listen(shared.resolve("ztunnel-listeners-silent.sock"));
                Succession newer = Succession.open(shared, new OwnListeners())) {
            for (int port : new int[] {15001, 15006, 15008}) {
                assertThat((Object) newer.take(pod, new InetSocketAddress("127.0.0.1", port), listener -> listener)).isNull();
            }
            silent.accept(NOW).close();
            assertThatThrownBy(() -> silent.accept(NOW)).isInstanceOf(SocketTimeoutException.class);
        }
    }
}
