package io.inpod.netns.socket;

import static io.inpod.netns.socket.LinuxSocketOptions.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.ChildJvm;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.LeakCheck;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

@Pods(2)
class JdkChannelsTest {
    private static final String OPEN = "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED";

    @Test
    void tcpAndUdpBetweenPods(PodNetwork network) throws Exception {
        NetworkNamespace podA = network.pod(0).namespace();
        NetworkNamespace podB = network.pod(1).namespace();
        SocketOptions keepalive = SocketOptions.NONE.withKeepalive(Duration.ofSeconds(180), Duration.ofSeconds(10), 3)
                .with(NO_DELAY, true).with(TOS, 0x20);
        InetSocketAddress address = new InetSocketAddress(network.pod(1).address(), 8080);
        try (ServerSocketChannel server = JdkChannels.listen(podB, SocketOptions.NONE.with(REUSE_PORT, true).withBacklog(77), address);
                SocketChannel client = JdkChannels.client(podA, keepalive.withFamily(StandardProtocolFamily.INET))) {
            assertThat(Tool.run(podB, "ss", "-Hlnt")).containsPattern("LISTEN +0 +77 +\\S*10.77.0.3\\S*:8080");
            client.connect(address);
            try (SocketChannel accepted = server.accept()) {
                client.write(ByteBuffer.wrap(new byte[] {42}));
                ByteBuffer one = ByteBuffer.allocate(1);
                accepted.read(one);
                assertThat(one.get(0)).isEqualTo((byte) 42);
                assertThat(((InetSocketAddress) accepted.getRemoteAddress()).getAddress()).isEqualTo(network.pod(0).address());
                assertThat(Tool.run(podA, "ss", "-Hnto")).containsPattern("timer:\\(keepalive,(2min59|3min|2min5)");
                assertThat(client.getOption(StandardSocketOptions.IP_TOS)).isEqualTo(0x20);
            }
        }
        try (DatagramChannel server = JdkChannels.datagram(podB, SocketOptions.NONE.with(REUSE_ADDRESS, true)).bind(address);
                DatagramChannel client = JdkChannels.datagram(podA, SocketOptions.NONE)) {
            assertThat(Tool.run(podB, "ss", "-Hlnu")).contains(":8080");
            client.send(ByteBuffer.wrap(new byte[] {7}), address);
            ByteBuffer one = ByteBuffer.allocate(1);
            server.receive(one);
            assertThat(one.get(0)).isEqualTo((byte) 7);
        }
    }

    @Test
    void anOptionThatTheJdkLacksNamesTheFlag(PodNetwork network) throws Exception {
        assertThat(JdkChannels.hasAllOptions()).as("the tests run without the flag").isFalse();
        NetworkNamespace pod = network.pod(0).namespace();
        LeakCheck leaks = LeakCheck.begin();
        assertThatThrownBy(() -> JdkChannels.client(pod, SocketOptions.NONE.with(MARK, 1))).isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("SO_MARK").hasMessageContaining("--add-opens java.base/sun.nio.ch=ALL-UNNAMED");
        assertThatThrownBy(() -> JdkChannels.server(pod, SocketOptions.NONE.with(NO_DELAY, true))).hasMessageContaining("TCP_NODELAY");
        assertThatThrownBy(() -> JdkChannels.server(pod, SocketOptions.NONE.withBacklog(1))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> JdkChannels.listen(pod, SocketOptions.NONE, new InetSocketAddress("10.1.2.3", 1))).isInstanceOf(IOException.class);
        leaks.verify();
        NetworkNamespace closed = pod.duplicate();
        closed.close();
        assertThatThrownBy(() -> JdkChannels.datagram(closed, SocketOptions.NONE)).isInstanceOf(IOException.class);
    }

    @Test
    void withTheFlagEveryOptionWorks(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        ChildJvm.Command command = ChildJvm.command(MarkedListener.class).withOptions(OPEN).withArguments(Tool.pathOf(pod).toString());
        try (ChildProcess child = ChildJvm.start(command)) {
            child.expect("1337 true PT4.321S");
            assertThat(Tool.run(pod, "ss", "-Hlntme")).contains("fwmark:0x539").contains(":8080");
            child.endInput();
            assertThat(child.line("why the option is refused")).contains("setsockopt(SO_BINDTODEVICE, nosuch)").contains("ENODEV");
            assertThat(child.awaitExit()).isZero();
        }
    }

    /** The child: listens until its input ends, then tries an option that the kernel refuses. */
    static final class MarkedListener {
        public static void main(String[] args) throws Exception {
            SocketOptions options = SocketOptions.NONE.with(MARK, 0x539).with(TRANSPARENT, true).with(USER_TIMEOUT, Duration.ofMillis(4321));
            try (NetworkNamespace pod = NetworkNamespace.open(Path.of(args[0]));
                    ServerSocketChannel server = JdkChannels.listen(pod, options, new InetSocketAddress("10.200.0.1", 8080))) {
                System.out.println(MARK.get(server) + " " + TRANSPARENT.get(server) + " " + USER_TIMEOUT.get(server));
                System.in.read();
                JdkChannels.client(pod, SocketOptions.NONE.with(DEVICE, "nosuch"));
            } catch (IOException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
