package io.inpod.examples.ztunnel.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.LinuxSocketOptions;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.ChildProcess;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The proxy's sockets in a namespace that allows more have bounded buffers, whether the node or an ordinary user owns it. */
@Timeout(60)
class KernelBuffersTest {
    /** Opens a socket as the proxy does, and prints whether the kernel has stopped to size its buffers. */
    static final class Opening {
        private static final int DEFAULT_BYTES = 131_072;

        private Opening() {}

        public static void main(String[] arguments) throws IOException {
            try (NetworkNamespace pod = NetworkNamespace.create()) {
                Path maximum = Path.of("/proc/sys/net/ipv4/tcp_rmem");
                String raised = "4096 131072 1000000000";
                Files.writeString(maximum, Files.readString(maximum)); // loads all classes
                pod.call(() -> Files.writeString(maximum, raised));
                EpollSocketChannel socket = NettyChannels.client(pod, KernelBuffers.bound(SocketOptions.NONE, pod)).newChannel();
                int received = LinuxSocketOptions.RECEIVE_BUFFER.get(socket);
                int sent = LinuxSocketOptions.SEND_BUFFER.get(socket);
                System.out.println("buffers: " + (received > DEFAULT_BYTES && received <= 6 << 20 && sent > DEFAULT_BYTES && sent <= 4 << 20
                        ? "bounded" : received + " and " + sent));
                socket.unsafe().closeForcibly();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"unshare --net", "unshare --user --map-root-user --net"})
    void areBounded(String namespaces) throws Exception {
        List<String> command = new ArrayList<>(List.of(namespaces.split(" ")));
        command.addAll(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC", "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")), Opening.class.getName()));
        try (ChildProcess opening = ChildProcess.start(command)) {
            assertThat(opening.lineWith("buffers:")).isEqualTo("buffers: bounded");
            assertThat(opening.awaitExit()).isZero();
        }
    }
}
