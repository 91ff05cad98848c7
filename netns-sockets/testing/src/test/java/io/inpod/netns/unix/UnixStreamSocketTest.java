package io.inpod.netns.unix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Pods(1)
class UnixStreamSocketTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final long SEED = 20261123;

    private static ByteBuffer bytes(int count) {
        return ByteBuffer.wrap("x".repeat(count).getBytes(StandardCharsets.US_ASCII));
    }

    private static String text(UnixMessage packet) {
        return StandardCharsets.UTF_8.decode(packet.data()).toString();
    }

    private static OwnedFd[] copies(OwnedFd fd, int count) {
        return Collections.nCopies(count, fd).toArray(OwnedFd[]::new);
    }

    @Test
    void aNamespaceIsReceivedFromAnotherProcess(PodNetwork network, @TempDir Path directory) throws Exception {
        Path path = directory.resolve("s");
        String sender = """
                import array, os, socket, sys
                s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                s.connect(sys.argv[1])
                fd = os.open("/proc/self/ns/net", os.O_RDONLY)
                s.sendmsg([b"first"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd, fd]))])
                s.sendall(b"second")
                """;
        try (UnixStreamListener listener = UnixStreamListener.listen(path)) {
            ChildProcess python = ChildProcess.start(Tool.inside(network.pod(0).namespace(), "python3", "-c", sender, path.toString()));
            try (python; UnixStreamSocket peer = listener.accept(LIMIT)) {
                assertThat(peer.peer().pid()).isEqualTo((int) python.handle().pid());
                try (UnixMessage first = peer.receive(100, 2, LIMIT)) {
                    assertThat(text(first)).startsWith("first"); // "second" may arrive with it, because it has no descriptors
                    assertThat(first.descriptors()).isEqualTo(2);
                    try (NetworkNamespace received = NetworkNamespace.adopt(first.take())) {
                        assertThat(received).isEqualTo(network.pod(0).namespace());
                        int fd = received.fd().acquire();
                        received.fd().release();
                        assertThat(Files.readString(Path.of("/proc/self/fdinfo/" + fd))).containsPattern("flags:\\s+0?2\\d{6}");
                    }
                    String rest = text(first).substring(5);
                    for (UnixMessage more = peer.receive(100, 2, LIMIT); more != null; more = peer.receive(100, 2, LIMIT)) {
                        rest += text(more);
                    }
                    assertThat(rest).isEqualTo("second");
                }
                assertThat(python.awaitExit()).isZero();
            }
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void sendsTheMostDescriptorsAndMoreBytesThanTheBufferHolds(PodNetwork network, @TempDir Path directory) throws Exception {
        OwnedFd fd = network.pod(0).namespace().fd();
        try (UnixStreamListener listener = UnixStreamListener.listen(directory.resolve("s"));
                UnixStreamSocket client = UnixStreamSocket.connect(directory.resolve("s"));
                UnixStreamSocket server = listener.accept(LIMIT)) {
            CompletableFuture<Void> sending = CompletableFuture.runAsync(() -> {
                try {
                    client.send(bytes(3_000_000), copies(fd, 253));
                } catch (java.io.IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            int got = 0;
            int descriptors = 0;
            while (got < 3_000_000) {
                try (UnixMessage piece = server.receive(100_000, 253, LIMIT)) {
                    got += piece.data().remaining();
                    descriptors += piece.descriptors();
                }
            }
            sending.get(10, TimeUnit.SECONDS);
            assertThat(got).isEqualTo(3_000_000);
            assertThat(descriptors).isEqualTo(253);
            assertThatThrownBy(() -> client.send(bytes(1), copies(fd, 254))).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("253");
            assertThatThrownBy(() -> client.send(bytes(0))).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> server.receive(0, 0, LIMIT)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void anyNumberOfDescriptorsMeetsAnyLimit(PodNetwork network, @TempDir Path directory) throws Exception {
        OwnedFd fd = network.pod(0).namespace().fd();
        LeakCheck leaks = LeakCheck.begin();
        Random random = new Random(SEED);
        for (int i = 0; i < Integer.getInteger("inpod.fuzz.rounds", 200); i++) {
            int sent = random.nextInt(20);
            int room = random.nextInt(20);
            try (UnixStreamListener listener = UnixStreamListener.listen(directory.resolve("s"));
                    UnixStreamSocket client = UnixStreamSocket.connect(directory.resolve("s"));
                    UnixStreamSocket server = listener.accept(LIMIT)) {
                client.send(bytes(1 + random.nextInt(50)), copies(fd, sent));
                if (sent > room) {
                    assertThatThrownBy(() -> server.receive(100, room, LIMIT)).as("seed %d, round %d: %d of %d", SEED, i, room, sent)
                            .isInstanceOf(TruncatedMessageException.class).hasMessageContaining("more than " + room + " file descriptors");
                    assertThatThrownBy(() -> server.receive(100, room, LIMIT)).isInstanceOf(ClosedChannelException.class);
                } else {
                    try (UnixMessage packet = server.receive(100, room, LIMIT)) {
                        assertThat(packet.descriptors()).isEqualTo(sent);
                    }
                }
            }
        }
        leaks.verify();
    }

    @Test
    void closingEndsBothSides(@TempDir Path directory) throws Exception {
        UnixStreamListener listener = UnixStreamListener.listen(directory.resolve("s"));
        UnixStreamSocket client = UnixStreamSocket.connect(directory.resolve("s"));
        UnixStreamSocket server = listener.accept(LIMIT);
        assertThatThrownBy(() -> listener.accept(Duration.ofMillis(1))).isInstanceOf(SocketTimeoutException.class);
        client.close();
        client.close();
        assertThat(server.receive(10, 0, LIMIT)).isNull();
        assertThatThrownBy(() -> server.send(bytes(1))).hasMessageContaining("EPIPE");
        assertThatThrownBy(() -> client.send(bytes(1))).isInstanceOf(ClosedChannelException.class);
        server.close();
        listener.close();
        listener.close();
        assertThatThrownBy(() -> listener.accept(LIMIT)).isInstanceOf(ClosedChannelException.class);
    }
}
