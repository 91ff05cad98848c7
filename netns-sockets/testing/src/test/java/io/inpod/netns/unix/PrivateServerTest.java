package io.inpod.netns.unix;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server for processes of the same user; the tests of its users cover other users. */
@Timeout(60)
class PrivateServerTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    private final BlockingQueue<Exception> failures = new LinkedBlockingQueue<>();

    private final PrivateServer.Handler echo = new PrivateServer.Handler() {
        @Override
        public void serve(SeqpacketSocket connection) {
            try (connection; UnixMessage message = connection.receive(100, 0, LONG)) {
                connection.send(message.data());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void refused(UntrustedPeerException reason) {
            failures.add(reason);
        }

        @Override
        public void failed(Exception cause) {
            failures.add(cause);
        }
    };

    private static byte ask(Path path) throws IOException {
        try (SeqpacketSocket client = PrivateSocket.connect(path)) {
            client.send(ByteBuffer.wrap(new byte[] {7}));
            try (UnixMessage answer = client.receive(100, 0, LONG)) {
                return answer == null ? 0 : answer.data().get();
            }
        }
    }

    @Test
    void servesUntilItIsClosed() throws Exception {
        Path path = directory.resolve("run/socket");
        PrivateServer server = PrivateServer.listen(path);
        assertThat(Files.getPosixFilePermissions(path.getParent())).isEqualTo(PosixFilePermissions.fromString("rwx------"));
        Thread accepting = new Thread(() -> server.run(Runnable::run, echo));
        accepting.start();
        assertThat(ask(path)).isEqualTo((byte) 7);
        assertThat(ask(path)).isEqualTo((byte) 7);
        assertThat(server.isClosed()).isFalse();
        server.close();
        server.close();
        assertThat(server.isClosed()).isTrue();
        accepting.join(LONG.toMillis());
        assertThat(accepting.isAlive()).isFalse();
        assertThat(path).doesNotExist();
        assertThat(failures).isEmpty();
    }

    @Test
    void goesOnAfterTheExecutorHasRefusedAConnection() throws Exception {
        Path path = directory.resolve("socket");
        AtomicBoolean full = new AtomicBoolean(true);
        Executor executor = task -> {
            if (full.getAndSet(false)) {
                throw new RejectedExecutionException("full");
            }
            task.run();
        };
        Thread accepting;
        try (PrivateServer server = PrivateServer.listen(path)) {
            accepting = new Thread(() -> server.run(executor, echo));
            accepting.start();
            try (SeqpacketSocket refused = PrivateSocket.connect(path)) {
                assertThat(failures.poll(LONG.toMillis(), TimeUnit.MILLISECONDS)).hasMessage("full");
                assertThat(refused.receive(100, 0, LONG)).isNull();
            }
            assertThat(ask(path)).isEqualTo((byte) 7);
        }
        accepting.join(LONG.toMillis());
        assertThat(accepting.isAlive()).isFalse();
    }
}
