package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.testing.Privilege;
import io.inpod.netns.testing.Tool;
import io.inpod.netns.unix.SeqpacketListener;
import io.inpod.netns.unix.SeqpacketSocket;
import io.inpod.netns.unix.UnixMessage;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetnsReadmeTest {
    @BeforeEach
    void createThePod() throws Exception {
        Privilege.NAMESPACES.require();
        NetworkNamespace.create("pod-a").close();
    }

    @AfterEach
    void deleteThePod() throws Exception {
        NetworkNamespace.delete("pod-a");
    }

    @Test
    void aJdkChannelInAnotherNamespace() throws Exception {
        // docs/netns-sockets.md: begin
        try (NetworkNamespace pod = NetworkNamespace.named("pod-a"); // or .ofProcess(pid), .open(path), .adopt(fd)
                ServerSocketChannel listener = pod.call(ServerSocketChannel::open)) {
            listener.bind(new InetSocketAddress(8080)); // an ordinary JDK channel that accepts in the pod
            assertThat(Tool.run(pod, "ss", "-Hlnt")).contains(":8080");
        }
        // docs/netns-sockets.md: end
    }

    @Test
    void aNamespaceForAnotherProcess(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("agent.sock");
        try (SeqpacketListener listener = SeqpacketListener.listen(path);
                NamespaceExecutor executor = NamespaceExecutor.create(1, Executors.defaultThreadFactory());
                NetworkNamespace pod = NetworkNamespace.named("pod-a")) {
            // docs/netns-sockets.md: begin
            try (SeqpacketSocket agent = SeqpacketSocket.connect(path)) { // one process sends a namespace ...
                agent.send(ByteBuffer.wrap("pod-a".getBytes()), pod.fd());
            }
            try (SeqpacketSocket peer = listener.accept(Duration.ofSeconds(5)); // ... and another receives it
                    UnixMessage message = peer.receive(1024, 1, Duration.ofSeconds(5));
                    NetworkNamespace received = NetworkNamespace.adopt(message.take())) {
                assertThat(received).isEqualTo(pod); // equality is the namespace's, not the file's
            }
            // docs/netns-sockets.md: end
            // docs/netns-sockets.md: begin
            CompletionStage<ServerSocketChannel> opening = executor.call(pod, ServerSocketChannel::open);
            // docs/netns-sockets.md: end
            opening.toCompletableFuture().get().close();
        }
    }
}
