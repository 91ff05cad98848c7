package io.inpod.netns;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.JdkSockets;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.tcp.TcpSockets;
import io.inpod.netns.testing.Privilege;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Between the two switches the library creates a socket and nothing else, even the first time: no class is loaded, no thread is created.
 */
class BracketSystemCallsTest {
    private static final Pattern SWITCH = Pattern.compile("(?:setns\\((\\d+), CLONE_NEWNET|unshare\\(CLONE_NEWNET)\\) += 0");
    private static final Pattern ALLOWED = Pattern.compile("socket\\(.*|openat\\(AT_FDCWD, \"/proc/thread-self/ns/net\", .*|open\\(\"/proc/thread-self/ns/net\", .*");

    @Test
    void onlySocketsAreCreatedInside(@TempDir Path directory) throws Exception {
        Privilege.NAMESPACES.require();
        Tool.require("strace");
        Path logs = Files.createDirectory(directory.resolve("strace"));

        // One file for each thread: in a common file, a call would be split in two where another thread's call comes between.
        ChildJvm.run(ChildJvm.command(FirstSwitches.class).through("strace", "-ff", "--seccomp-bpf", "-qq", "-o", logs.resolve("thread").toString(),
                "-e", "trace=setns,unshare,socket,open,openat,read,pread64,clone,clone3,vfork,fork"));

        List<String> wrong = new ArrayList<>();
        int sockets = 0;
        int switching = 0;
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(logs)) {
            for (Path thread : threads) {
                String home = "";
                boolean inside = false;
                for (String line : Files.readAllLines(thread)) {
                    Matcher change = SWITCH.matcher(line);
                    if (change.lookingAt()) {
                        // A thread's first switch goes to its own namespace, to make sure that it can return.
                        switching += home.isEmpty() ? 1 : 0;
                        home = home.isEmpty() ? String.valueOf(change.group(1)) : home;
                        inside = !home.equals(change.group(1));
                    } else if (inside) {
                        sockets += line.startsWith("socket(") ? 1 : 0;
                        if (!ALLOWED.matcher(line).matches()) {
                            wrong.add(line);
                        }
                    }
                }
                assertThat(inside).as("a thread hasn't returned").isFalse();
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(sockets).isGreaterThanOrEqualTo(12);
        assertThat(switching).as("threads that switched").isEqualTo(1);
    }

    /** Creates a socket of each kind, in a process that hasn't created any. */
    static final class FirstSwitches {
        private FirstSwitches() {}

        public static void main(String[] args) throws Exception {
            try (NetworkNamespace namespace = NetworkNamespace.create()) {
                namespace.<ServerSocket, IOException>call(ServerSocket::new).close();
                namespace.<Socket, IOException>call(Socket::new).close();
                NettyChannels.server(namespace).newChannel().unsafe().closeForcibly();
                NettyChannels.client(namespace).newChannel().unsafe().closeForcibly();
                NettyChannels.datagram(namespace).newChannel().unsafe().closeForcibly();
                new TcpSockets(namespace, IpFamily.V4, SocketOptions.NONE).newChannel().unsafe().closeForcibly();
                JdkChannels.listen(namespace, SocketOptions.NONE, new InetSocketAddress(0)).close();
                JdkChannels.client(namespace, SocketOptions.NONE).close();
                JdkChannels.datagram(namespace, SocketOptions.NONE).close();
                JdkSockets.server(namespace).createServerSocket(0).close();
                JdkSockets.client(namespace).createSocket().close();
                Rtnetlink.open(namespace).close();
            }
        }
    }
}
