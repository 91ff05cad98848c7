package io.inpod.netns.unix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.error.SystemCallFailure;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Pods(1)
class SeqpacketSocketTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private static ByteBuffer text(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(UnixMessage packet) {
        return StandardCharsets.UTF_8.decode(packet.data()).toString();
    }

    @Test
    void aNamespaceIsPassedToAnotherProcess(PodNetwork network, @TempDir Path directory) throws Exception {
        Path path = directory.resolve("s");
        String receiver = """
                import array, os, socket, sys
                s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                s.connect(sys.argv[1])
                data, ancillary, flags, _ = s.recvmsg(100, 1000)
                fds = array.array('i')
                for level, kind, content in ancillary:
                    fds.frombytes(content)
                s.send(("%s %d %s" % (data.decode(), len(fds), os.readlink("/proc/self/fd/%d" % fds[0]))).encode())
                """;
        try (SeqpacketListener listener = SeqpacketListener.listen(path)) {
            try (ChildProcess python = ChildProcess.start(Tool.inside(network.node(), "python3", "-c", receiver, path.toString()));
                    SeqpacketSocket peer = listener.accept(LIMIT)) {
                assertThat(peer.peer().uid()).isEqualTo((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
                assertThat(peer.peer().pid()).isEqualTo((int) python.handle().pid());

                peer.send(text("take it"), network.pod(0).namespace().fd());

                try (UnixMessage answer = peer.receive(100, 0, LIMIT)) {
                    assertThat(text(answer)).isEqualTo("take it 1 " + network.pod(0).namespace().identity());
                }
                assertThat(peer.receive(100, 0, LIMIT)).as("end of the connection").isNull();
                assertThat(python.awaitExit()).isZero();
            }
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void receivesADescriptorCloseOnExec(PodNetwork network, @TempDir Path directory) throws Exception {
        try (SeqpacketListener listener = SeqpacketListener.listen(directory.resolve("s"));
                SeqpacketSocket client = SeqpacketSocket.connect(directory.resolve("s"));
                SeqpacketSocket server = listener.accept(LIMIT)) {
            client.send(text("a pod"), network.pod(0).namespace().fd());

            try (UnixMessage packet = server.receive(100, 1, LIMIT);
                    NetworkNamespace received = NetworkNamespace.adopt(packet.take())) {
                assertThat(received).isEqualTo(network.pod(0).namespace());
                assertThat(packet.descriptors()).isZero();
                int fd = received.fd().acquire();
                received.fd().release();
                assertThat(Files.readString(Path.of("/proc/self/fdinfo/" + fd))).containsPattern("flags:\\s+0?2\\d{6}");
            }
        }
    }

    @Test
    void truncationIsAnErrorAndClosesTheDescriptors(PodNetwork network, @TempDir Path directory) throws Exception {
        try (SeqpacketListener listener = SeqpacketListener.listen(directory.resolve("s"));
                SeqpacketSocket client = SeqpacketSocket.connect(directory.resolve("s"));
                SeqpacketSocket server = listener.accept(LIMIT)) {
            LeakCheck leaks = LeakCheck.begin();
            OwnedFd fd = network.pod(0).namespace().fd();

            client.send(text("x".repeat(11)), fd);
            assertThatThrownBy(() -> server.receive(10, 1, LIMIT)).isInstanceOf(TruncatedMessageException.class).hasMessageContaining("longer than 10 bytes");
            client.send(text("three"), fd, fd, fd);
            assertThatThrownBy(() -> server.receive(10, 1, LIMIT)).isInstanceOf(TruncatedMessageException.class).hasMessageContaining("more than 1 file descriptors");
            client.send(text("unwanted"), fd);
            assertThatThrownBy(() -> server.receive(10, 0, LIMIT)).isInstanceOf(TruncatedMessageException.class);

            leaks.verify();
        }
    }

    @Test
    void aMessageClosesDescriptorsThatWereNotTaken(PodNetwork network, @TempDir Path directory) throws Exception {
        try (SeqpacketListener listener = SeqpacketListener.listen(directory.resolve("s"));
                SeqpacketSocket client = SeqpacketSocket.connect(directory.resolve("s"));
                SeqpacketSocket server = listener.accept(LIMIT)) {
            LeakCheck leaks = LeakCheck.begin();
            OwnedFd fd = network.pod(0).namespace().fd();
            for (int i = 0; i < 1000; i++) {
                client.send(text("two"), fd, fd);
                try (UnixMessage packet = server.receive(10, 2, LIMIT)) {
                    packet.take().close();
                }
            }
            leaks.verify();
        }
    }

    @Test
    void closingWakesTheReceiver(@TempDir Path directory) throws Exception {
        try (SeqpacketListener listener = SeqpacketListener.listen(directory.resolve("s"));
                SeqpacketSocket client = SeqpacketSocket.connect(directory.resolve("s"))) {
            SeqpacketSocket server = listener.accept(LIMIT);
            CompletableFuture<Void> waiting = CompletableFuture.runAsync(() -> {
                assertThatThrownBy(() -> server.receive(10, 0, Duration.ZERO))
                        .isInstanceOfAny(AsynchronousCloseException.class, java.nio.channels.ClosedChannelException.class);
            });
            server.close();
            server.close();
            waiting.get(10, java.util.concurrent.TimeUnit.SECONDS);
            assertThat(client.receive(10, 0, LIMIT)).isNull();
        }
    }

    @Test
    void aListenerReplacesAnAbandonedSocketButNothingElse(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("s");
        String abandon = "import socket,sys; s=socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.bind(sys.argv[1]); s.listen()";
        try (ChildProcess python = ChildProcess.start(List.of("python3", "-c", abandon, path.toString()))) {
            assertThat(python.awaitExit()).isZero();
        }
        try (SeqpacketListener first = SeqpacketListener.listen(path)) {
            assertThatThrownBy(() -> first.accept(Duration.ofMillis(1))).isInstanceOf(SocketTimeoutException.class);
            assertThatThrownBy(() -> SeqpacketListener.listen(path)).isInstanceOf(java.net.BindException.class).isInstanceOf(SystemCallFailure.class).hasMessageContaining("EADDRINUSE");
        }
        Files.createFile(path);
        assertThatThrownBy(() -> SeqpacketListener.listen(path)).hasMessageContaining("EADDRINUSE");
        assertThat(path).isRegularFile();
        assertThatThrownBy(() -> SeqpacketSocket.connect(directory.resolve("nobody"))).hasMessageContaining("ENOENT");
        assertThatThrownBy(() -> SeqpacketSocket.connect(Path.of("/" + "x".repeat(200)))).hasMessageContaining("107 bytes");
    }
}
