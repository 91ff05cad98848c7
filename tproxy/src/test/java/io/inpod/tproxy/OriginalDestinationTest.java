package io.inpod.tproxy;

import static io.inpod.netns.socket.LinuxSocketOptions.DUAL_STACK;
import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.OriginalDestination.Found;
import io.inpod.tproxy.listen.AcceptLoop;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Original destinations with listeners of every family, both kinds of interception, and destinations in and outside the pod. */
@Timeout(120)
class OriginalDestinationTest {
    private static final int APP = 8080;
    private static final SocketOptions V4 = SocketOptions.NONE.withFamily(StandardProtocolFamily.INET).with(TRANSPARENT, true);
    private static final SocketOptions V6 = SocketOptions.NONE.withFamily(StandardProtocolFamily.INET6).with(TRANSPARENT, true);

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final EventLoop loop = loops.next();

    @AfterEach
    void stopLoops() throws InterruptedException {
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
    }

    private void arrives(NetworkNamespace from, InetAddress to, NetworkNamespace at, SocketOptions listener, Found found) throws Exception {
        Recorder recorder = new Recorder(loops);
        InetSocketAddress any = new InetSocketAddress(listener.family() == StandardProtocolFamily.INET ? "0.0.0.0" : "::", TestProxy.PROXY_PORT);
        InetSocketAddress wanted = new InetSocketAddress(to, APP);
        try (AcceptLoop accepting = AcceptLoop.listen(at, any, listener, loop, recorder.rules(), recorder);
                SocketChannel client = from.call(() -> SocketChannel.open())) {
            client.socket().connect(wanted, 20_000);
            OriginalDestination destination = recorder.picked.poll(20, TimeUnit.SECONDS);
            assertThat(destination).as("%s at %s by %s", wanted, accepting, listener)
                    .isEqualTo(new OriginalDestination(new DestinationAddress(wanted), found));
            recorder.connections.take().close().sync();
        }
    }

    private void everywhere(PodNetwork network, Found found) throws Exception {
        NetworkNamespace pod = network.pod(1).namespace();
        for (IpFamily family : IpFamily.values()) {
            for (InetAddress to : List.of(DualStack.address(network, 1, family), DualStack.elsewhere(family))) {
                for (SocketOptions listener : List.of(family == IpFamily.V4 ? V4 : V6.with(DUAL_STACK, false), V6.with(DUAL_STACK, true))) {
                    arrives(network.pod(0).namespace(), to, pod, listener, found);
                }
            }
        }
    }

    @Test
    @Pods(2)
    void ofRedirectedConnections(PodNetwork network) throws Exception {
        DualStack.prepare(network);
        DualStack.restore(network.pod(1).namespace(), "*nat", "-A PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports 15006", "COMMIT");
        everywhere(network, Found.REDIRECT);
    }

    @Test
    @Pods(2)
    void ofDivertedConnections(PodNetwork network) throws Exception {
        DualStack.prepare(network);
        DualStack.ROUTING.install(network.pod(1).namespace());
        DualStack.restore(network.pod(1).namespace(),
                "*mangle", "-A PREROUTING -p tcp --dport 8080 -j TPROXY --on-port 15006 --tproxy-mark 0x111/0xfff", "COMMIT");
        everywhere(network, Found.LOCAL_ADDRESS);
    }

    /** Connection tracking knows the diverted connections, and rules exist for others. */
    @Test
    @Pods(2)
    void ofDivertedConnectionsThatAreTracked(PodNetwork network) throws Exception {
        DualStack.prepare(network);
        DualStack.ROUTING.install(network.pod(1).namespace());
        DualStack.restore(network.pod(1).namespace(),
                "*mangle", "-A PREROUTING -p tcp --dport 8080 -j TPROXY --on-port 15006 --tproxy-mark 0x111/0xfff", "COMMIT",
                "*nat", "-A PREROUTING -p tcp --dport 1 -j REDIRECT --to-ports 2", "COMMIT");
        everywhere(network, Found.LOCAL_ADDRESS);
    }

    @Test
    @Pods(1)
    void ofWhatTheNamespaceItselfSends(PodNetwork network) throws Exception {
        DualStack.prepare(network);
        NetworkNamespace pod = network.pod(0).namespace();
        DualStack.restore(pod, "*nat", "-A OUTPUT -p tcp --dport 8080 -j REDIRECT --to-ports 15006", "COMMIT");
        for (String to : Set.of("127.0.0.1", "127.8.8.8", "10.77.0.99")) {
            arrives(pod, InetAddress.getByName(to), pod, V6.with(DUAL_STACK, true), Found.REDIRECT);
        }
        for (String to : Set.of("::1", "fd10:77::99")) {
            arrives(pod, InetAddress.getByName(to), pod, V6, Found.REDIRECT);
        }
    }

    /** Its address means nothing without the interface it belongs to. */
    @Test
    @Pods(2)
    void keepsTheInterfaceOfLinkLocalAddresses(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(1).namespace();
        for (int i = 0; i < 2; i++) {
            try (Rtnetlink inside = Rtnetlink.open(network.pod(i).namespace())) {
                inside.addresses().add("eth0", InetAddress.getByName("fe80::" + (6 + i)), 64);
            }
        }
        DualStack.restore(pod, "*nat", "-A PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports 15006", "COMMIT");
        Recorder recorder = new Recorder(loops);
        try (AcceptLoop accepting = AcceptLoop.listen(pod, new InetSocketAddress("::", 15006), V6, loop, recorder.rules(), recorder)) {
            assertThat(accepting.channel().isActive()).isTrue();
            Tool.run(network.pod(0).namespace(), "python3", "-c",
                    "import socket; socket.create_connection(('fe80::7%eth0', 8080), 20).close()");
            OriginalDestination destination = recorder.picked.poll(20, TimeUnit.SECONDS);
            assertThat(destination).isNotNull();
            assertThat(destination.found()).isEqualTo(Found.REDIRECT);
            assertThat(destination.address().toString()).contains("fe80:0:0:0:0:0:0:7%" + index(pod));
            recorder.connections.take().close().sync();
        }
    }

    private static String index(NetworkNamespace pod) throws IOException {
        return Tool.run(pod, "ip", "-o", "link", "show", "dev", "eth0").split(":")[0];
    }
}
