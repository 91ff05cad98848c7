package io.inpod.netns.unix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Abstract addresses, unix(7): names of a network namespace, without files. */
@Pods(1)
class AbstractAddressTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);


    private static final Path NAME = Path.of("@inpod/a test");

    private static byte answer(SeqpacketSocket from) throws IOException {
        try (UnixMessage message = from.receive(1, 0, LIMIT)) {
            return message == null ? 0 : message.data().get();
        }
    }

    @Test
    void belongToTheNamespaceOfTheThread(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (SeqpacketListener inside = pod.call(() -> SeqpacketListener.listen(NAME))) {
            try (SeqpacketListener outside = SeqpacketListener.listen(NAME)) {
                assertThat(NAME).doesNotExist();
                assertThat(Tool.run(pod, "ss", "-Hxl")).contains(" @inpod/a test ");
                assertThatThrownBy(() -> SeqpacketListener.listen(NAME)).isInstanceOf(BindException.class).hasMessageContaining("@inpod/a test");
                assertThat(outside).hasToString("unix socket @inpod/a test");
            }
            assertThatThrownBy(() -> SeqpacketSocket.connect(NAME)).isInstanceOf(ConnectException.class);
            try (SeqpacketSocket client = pod.call(() -> SeqpacketSocket.connect(NAME)); SeqpacketSocket server = inside.accept(LIMIT)) {
                client.send(ByteBuffer.wrap(new byte[] {7}));
                assertThat(answer(server)).isEqualTo((byte) 7);
                assertThat(server.peer().pid()).isEqualTo((int) ProcessHandle.current().pid());
            }
        }
    }

    /** The length ends a name: {@code @name} and {@code @name} with a zero behind it are two. */
    @Test
    void anotherProcessFindsExactlyThisName(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (UnixStreamListener listener = pod.call(() -> UnixStreamListener.listen(Path.of("@stream")))) {
            Process python = new ProcessBuilder(Tool.inside(pod, "python3", "-c", """
                    import socket
                    s = socket.socket(socket.AF_UNIX)
                    try: s.connect("\\0stream\\0")
                    except ConnectionRefusedError: pass
                    else: raise SystemExit("a longer name was found")
                    s.connect("\\0stream")
                    s.send(b"x")
                    """)).inheritIO().start();
            try (UnixStreamSocket peer = listener.accept(LIMIT); UnixMessage message = peer.receive(10, 0, LIMIT)) {
                assertThat(message).isNotNull();
                assertThat(message.data().get()).isEqualTo((byte) 'x');
            }
            assertThat(python.waitFor()).isZero();
        }
    }

    @Test
    void namesHaveOneTo107Bytes(@TempDir Path directory) throws Exception {
        Path longest = Path.of("@" + "n".repeat(107));
        try (SeqpacketListener listener = SeqpacketListener.listen(longest); SeqpacketSocket client = SeqpacketSocket.connect(longest)) {
            assertThat(client).hasToString(listener.toString());
        }
        for (String name : new String[] {"@", longest + "n"}) {
            assertThatThrownBy(() -> SeqpacketListener.listen(Path.of(name))).isInstanceOf(IOException.class).hasMessageContaining("1 to 107 bytes");
            assertThatThrownBy(() -> SeqpacketSocket.connect(Path.of(name))).isInstanceOf(IOException.class).hasMessageContaining("1 to 107 bytes");
        }
        try (SeqpacketListener file = SeqpacketListener.listen(directory.resolve("@file"))) {
            assertThat(file).hasToString("unix socket " + directory.resolve("@file"));
            assertThat(Files.exists(directory.resolve("@file"))).isTrue();
        }
    }

    @Test
    void areNotPrivate() {
        assertThatThrownBy(() -> PrivateSocket.listen(NAME)).isInstanceOf(IOException.class).hasMessageContaining("neither an owner nor a mode");
        assertThatThrownBy(() -> PrivateSocket.connect(NAME)).isInstanceOf(IOException.class).hasMessageContaining("use the path of a file");
    }
}
