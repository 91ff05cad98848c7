package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.SocketHolders;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** TCP sockets of a pod, and the processes that have them. */
@Pods(2)
class TcpSocketTest {
    @Test
    void aListenerIsFoundWithItsProcess(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        assertThat(TcpSocket.onPort(pod, 15001)).isEmpty();
        try (ServerSocketChannel server = pod.<ServerSocketChannel, IOException>call(ServerSocketChannel::open)) {
            server.bind(new InetSocketAddress("127.0.0.1", 15001));

            List<TcpSocket> found = TcpSocket.onPort(pod, 15001);

            assertThat(found).singleElement().satisfies(socket -> {
                assertThat(socket.listens()).isTrue();
                assertThat(socket.port()).isEqualTo(15001);
                assertThat(socket.user()).isZero();
                assertThat(socket.local().getHostAddress()).endsWith("127.0.0.1");
                assertThat(Tool.run(pod, "ss", "-Hnlte", "sport", "=", "15001")).contains("ino:" + socket.inode() + " ");
                assertThat(SocketHolders.search(pod, Set.of(socket.inode())).of(socket.inode()))
                        .containsExactly(new SocketHolders.Holder(ProcessHandle.current().pid(), "java"));
            });
            assertThat(TcpSocket.listening(pod, Set.of(15001, 15002))).isEqualTo(found);
            assertThat(TcpSocket.onPort(pod, 15002)).isEmpty();
            assertThat(TcpSocket.onPort(network.pod(1).namespace(), 15001)).isEmpty();
        }
        assertThat(SocketHolders.search(pod, Set.of(0L))).isEqualTo(new SocketHolders(Map.of(), true));
    }

    @Test
    void theProcessesOfSeveralSocketsAreFoundAtOnce(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        try (ChildProcess inside = ChildProcess.start(Tool.inside(pod, "python3", "-c",
                "import socket\ns = socket.create_server(('127.0.0.1', 15002))\nprint('ready', flush=True)\ns.accept()"));
                ServerSocketChannel server = pod.<ServerSocketChannel, IOException>call(ServerSocketChannel::open)) {
            server.bind(new InetSocketAddress("127.0.0.1", 15001));
            inside.expect("ready");
            long outsiders = TcpSocket.onPort(pod, 15001).get(0).inode();
            long insiders = TcpSocket.onPort(pod, 15002).get(0).inode();

            assertThat(SocketHolders.search(pod, Set.of(outsiders, insiders, 0L)).byInode()).containsOnly(
                    Map.entry(outsiders, List.of(new SocketHolders.Holder(ProcessHandle.current().pid(), "java"))),
                    Map.entry(insiders, List.of(new SocketHolders.Holder(inside.handle().pid(), "python3"))));
        }
    }

    /** A process of the pod decides how many there are; the kernel is asked for few of them. */
    @Test
    void manyListenersAreNotRead(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        List<ServerSocketChannel> open = new ArrayList<>();
        try {
            for (int port : new int[] {15001, 15002}) {
                for (int i = 1; i <= 150; i++) {
                    ServerSocketChannel server = pod.<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
                    open.add(server);
                    server.bind(new InetSocketAddress("127.0.0." + i, port));
                }
            }

            assertThat(TcpSocket.listening(pod, Set.of(15001))).hasSize(TcpSocket.MOST).allMatch(socket -> socket.port() == 15001);
            assertThat(TcpSocket.listening(pod, Set.of(15001, 15002, 15003))).hasSize(2 * TcpSocket.MOST);
            assertThat(TcpSocket.onPort(pod, 15002)).hasSize(TcpSocket.MOST).allMatch(socket -> socket.port() == 15002);
        } finally {
            for (ServerSocketChannel server : open) {
                server.close();
            }
        }
    }

    /** Such a socket keeps others from binding the port too. */
    @Test
    void aConnectedSocketIsFoundByItsOwnPort(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        InetAddress peer = network.pod(1).address();
        try (ServerSocketChannel server = network.pod(1).namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
                SocketChannel client = pod.<SocketChannel, IOException>call(SocketChannel::open)) {
            server.bind(new InetSocketAddress(peer, 8080));
            client.bind(new InetSocketAddress(network.pod(0).address(), 15006));
            client.connect(new InetSocketAddress(peer, 8080));

            assertThat(TcpSocket.onPort(pod, 15006)).singleElement().satisfies(socket -> {
                assertThat(socket.listens()).isFalse();
                assertThat(socket.inode()).isPositive();
            });
            assertThat(TcpSocket.listening(pod, Set.of(15006))).isEmpty();
        }
    }

    @Test
    void aSocketThatIsOnlyBoundIsToldFromAConnectedOne(PodNetwork network) throws IOException {
        NetworkNamespace pod = network.pod(0).namespace();
        try (SocketChannel bound = pod.<SocketChannel, IOException>call(SocketChannel::open)) {
            bound.bind(new InetSocketAddress("127.0.0.1", 15006));
            List<TcpSocket> found = TcpSocket.onPort(pod, 15006);

            assumeTrue(!found.isEmpty(), "the kernel lists bound sockets since Linux 6.8");
            assertThat(found).singleElement().satisfies(socket -> assertThat(socket.state()).isEqualTo(TcpSocket.BOUND));
        }
    }
}
