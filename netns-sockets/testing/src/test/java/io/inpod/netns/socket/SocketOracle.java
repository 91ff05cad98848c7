package io.inpod.netns.socket;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.OwnedFd;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.Tool;
import io.inpod.netns.unix.SeqpacketListener;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.UnixMessage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Passes a socket to Python, which reads the socket's options with Python's constants. */
final class SocketOracle {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final String READER = """
            import array, socket, sys
            peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            peer.connect(sys.argv[1])
            data, ancillary, flags, _ = peer.recvmsg(100, 1000)
            s = socket.socket(fileno=array.array('i', ancillary[0][2])[0])
            answer = []
            for option in sys.argv[2:]:
                level, name = [int(p) if p.isdigit() else getattr(socket, p) for p in option.split(":")]
                if name == socket.SO_BINDTODEVICE and level == socket.SOL_SOCKET:
                    answer.append(s.getsockopt(level, name, 16).split(b"\\0")[0].decode())
                else:
                    answer.append(str(s.getsockopt(level, name)))
            peer.send((" ".join(answer)).encode())
            """;

    private SocketOracle() {}

    /** Returns the values of options such as {@code "SOL_SOCKET:SO_MARK"}, with Python's names or numbers, separated by spaces. */
    static String read(NetworkNamespace namespace, int fd, String... options) throws Exception {
        Path path = Files.createTempDirectory("oracle").resolve("s");
        List<String> command = new ArrayList<>(List.of("python3", "-c", READER, path.toString()));
        command.addAll(List.of(options));
        try (SeqpacketListener listener = SeqpacketListener.listen(path)) {
            try (ChildProcess python = ChildProcess.start(Tool.inside(namespace, command.toArray(String[]::new)));
                    SeqpacketSocket peer = listener.accept(LIMIT)) {
                peer.send(ByteBuffer.wrap(new byte[1]), OwnedFd.adopt(fd)); // not owned here, and so never closed
                try (UnixMessage answer = peer.receive(1000, 0, LIMIT)) {
                    assertThat(python.awaitExit()).isZero();
                    return answer == null ? "nothing" : StandardCharsets.UTF_8.decode(answer.data()).toString();
                }
            }
        } finally {
            Files.delete(path.getParent());
        }
    }
}
