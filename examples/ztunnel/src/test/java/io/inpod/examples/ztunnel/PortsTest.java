package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netlink.TcpSocket;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The ports are the proxy's: it says who has taken one, serves the pod when the port is free, and lets nobody join. */
@Timeout(180)
@Pods
class PortsTest {
    private static final List<Integer> REDIRECTED = List.of(15001, 15006, 15008);
    private static final TreeSet<Integer> ALL = new TreeSet<>(List.of(15001, 15006, 15008, 15080));

    private static ZtunnelProcess process(Path home, PodNetwork network) throws IOException {
        ZtunnelProcess process = new ZtunnelProcess(Files.createDirectories(home));
        Pod pod = network.pod(0);
        process.mesh("workloads:\n- {uid: u, name: name-u, namespace: default, serviceAccount: sa-u, node: test, protocol: HBONE, workloadIps: ["
                + pod.address().getHostAddress() + "]}\n");
        process.environment.put("INPOD_HANDOVER_DIR", home.resolveSibling("hand-over").toString());
        process.environment.put("INPOD_CA_DIR", home.resolveSibling("ca").toString());
        return process;
    }

    private static ServerSocketChannel foreign(NetworkNamespace pod) throws IOException {
        return pod.<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
    }

    @ParameterizedTest
    @ValueSource(ints = {15001, 15006, 15008})
    void aTakenPortIsReportedWithItsHolderAndThePodIsServedWhenItIsFree(int port, PodNetwork network, @TempDir Path home) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (ZtunnelProcess ztunnel = process(home.resolve("z"), network); ForeignAgent agent = new ForeignAgent(ztunnel.socket())) {
            ztunnel.start();
            agent.accept();
            agent.acked("snapshot");
            try (ServerSocketChannel taker = foreign(pod)) {
                taker.bind(new InetSocketAddress("127.0.0.1", port));
                TcpSocket socket = TcpSocket.onPort(pod, port).get(0);

                String refusal = agent.add("u", pod);

                assertThat(refusal).contains("port " + port, "is taken by a socket listening on", "inode " + socket.inode(), "user 0");
                assertThat(ztunnel.awaitLine(0, "failed to start proxy")).contains("inode " + socket.inode());
                assertThat(ztunnel.awaitLine(0, "is held by")).contains("inode " + socket.inode(),
                        "pid " + ProcessHandle.current().pid() + " (java)");
            }
            ztunnel.awaitListeners(pod, ALL::equals);
        }
    }

    @Test
    void aTakenPortForDnsIsReportedWithItsHolderAndSoAreNameServersThatPodsDoNotReach(PodNetwork network, @TempDir Path home) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        Path missing = home.resolve("resolv.conf");
        try (ZtunnelProcess ztunnel = process(home.resolve("z"), network); ForeignAgent agent = new ForeignAgent(ztunnel.socket())) {
            ztunnel.environment.putAll(Map.of("ISTIO_META_DNS_CAPTURE", "true", "INPOD_RESOLV_CONF", missing.toString()));
            ztunnel.start();
            agent.accept();
            agent.acked("snapshot");
            assertThat(ztunnel.awaitLine(0, "INPOD_RESOLV_CONF")).contains("warn", missing + " doesn't exist", "127.0.0.1:53");
            try (DatagramChannel taker = pod.<DatagramChannel, IOException>call(DatagramChannel::open)) {
                taker.bind(new InetSocketAddress("127.0.0.1", 15053));
                String listed = Tool.run(pod, "ss", "-Hnuae", "sport", "=", "15053");
                String inode = listed.replaceAll("(?s).*\\bino:(\\d+).*", "$1");

                assertThat(agent.add("u", pod)).contains("port 15053", "is taken by a socket of UDP on 127.0.0.1", "inode " + inode, "user 0");
                assertThat(ztunnel.awaitLine(0, "is held by")).contains("inode " + inode, "pid " + ProcessHandle.current().pid() + " (java)");
            }
            ztunnel.awaitListeners(pod, ports -> ports.contains(15053) && ports.containsAll(ALL));
        }
    }

    /** This process has the ztunnel's user, and every capability. */
    @Test
    void nobodyCanJoinBeforeOrAfterAHandOver(PodNetwork network, @TempDir Path home) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (ZtunnelProcess older = process(home.resolve("older"), network);
                ForeignAgent olderAgent = new ForeignAgent(older.socket());
                ZtunnelProcess newer = process(home.resolve("newer"), network);
                ForeignAgent newerAgent = new ForeignAgent(newer.socket())) {
            older.start();
            assertThat(olderAgent.accept().add("u", pod)).isEqualTo("ack");
            assertRefused(pod);

            newer.start();
            assertThat(newerAgent.accept().add("u", pod)).isEqualTo("ack");
            newer.awaitLine(0, "took over port 15008");
            assertRefused(pod);

            older.terminate();
            assertThat(older.awaitExit()).isZero();
            assertRefused(pod);
            assertThat(ZtunnelProcess.listeners(pod)).isEqualTo(ALL);
        }
    }

    /** Connections of the killed process keep its ports for a while, which must not keep its successor from listening. */
    @Test
    void aKilledProcessIsReplacedImmediately(PodNetwork network, @TempDir Path home) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (ZtunnelProcess older = process(home.resolve("older"), network); ForeignAgent olderAgent = new ForeignAgent(older.socket());
                ZtunnelProcess newer = process(home.resolve("newer"), network); ForeignAgent newerAgent = new ForeignAgent(newer.socket());
                SocketChannel client = pod.<SocketChannel, IOException>call(SocketChannel::open)) {
            older.start();
            assertThat(olderAgent.accept().add("u", pod)).isEqualTo("ack");
            client.connect(new InetSocketAddress(network.pod(0).address(), 15008));
            while (TcpSocket.onPort(pod, 15008).stream().noneMatch(socket -> !socket.listens() && socket.inode() > 0)) {
                Thread.onSpinWait(); // until it has been accepted
            }
            ProcessHandle.of(older.pid()).orElseThrow().destroyForcibly();
            older.awaitExit();
            assertThat(Tool.run(pod, "ss", "-Htan", "sport", "=", "15008")).as("sockets of the killed process").isNotEmpty().doesNotContain("LISTEN");

            newer.start();
            assertThat(newerAgent.accept().add("u", pod)).isEqualTo("ack");
            assertThat(ZtunnelProcess.listeners(pod)).isEqualTo(ALL);
        }
    }

    /** A proxy that sets SO_REUSEPORT instead of SO_REUSEADDR, as Istio's does, leaves them, and they would keep its ports for a minute. */
    @Test
    void endedConnectionsOfAnotherProxyKeepNoPort(PodNetwork network, @TempDir Path home) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        for (int port : REDIRECTED) {
            leaveConnection(pod, port);
        }
        try (ZtunnelProcess ztunnel = process(home.resolve("z"), network); ForeignAgent agent = new ForeignAgent(ztunnel.socket())) {
            ztunnel.start();
            assertThat(agent.accept().add("u", pod)).isEqualTo("ack");
            assertThat(ZtunnelProcess.listeners(pod)).isEqualTo(ALL);
            assertThat(ztunnel.awaitLine(0, "port 15008 of")).contains("1 ended connections");
            assertRefused(pod);
        }
    }

    /** Otherwise a rollback to Istio's proxy would fail for a minute. */
    @Test
    void itsOwnEndedConnectionsKeepNoPort(PodNetwork network, @TempDir Path home) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (ZtunnelProcess ztunnel = process(home.resolve("z"), network); ForeignAgent agent = new ForeignAgent(ztunnel.socket())) {
            ztunnel.start();
            assertThat(agent.accept().add("u", pod)).isEqualTo("ack");
            try (SocketChannel client = pod.<SocketChannel, IOException>call(SocketChannel::open)) {
                client.connect(new InetSocketAddress(network.pod(0).address(), 15008));
                client.write(ByteBuffer.wrap("this is no TLS\r\n".getBytes(StandardCharsets.US_ASCII)));
                while (client.read(ByteBuffer.allocate(100)) >= 0) {
                    // until the proxy has closed
                }
            }
            awaitEnded(pod, 15008);
            ztunnel.terminate();
            assertThat(ztunnel.awaitExit()).isZero();
            try (ServerSocketChannel next = foreign(pod)) {
                next.setOption(StandardSocketOptions.SO_REUSEPORT, true).setOption(StandardSocketOptions.SO_REUSEADDR, false);
                next.bind(new InetSocketAddress("::", 15008));
            }
        }
    }

    private static void leaveConnection(NetworkNamespace pod, int port) throws Exception {
        try (ServerSocketChannel other = foreign(pod); SocketChannel client = pod.<SocketChannel, IOException>call(SocketChannel::open)) {
            other.setOption(StandardSocketOptions.SO_REUSEPORT, true).setOption(StandardSocketOptions.SO_REUSEADDR, false);
            other.bind(new InetSocketAddress("::", port));
            client.connect(new InetSocketAddress("127.0.0.1", port));
            other.accept().close();
            assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
        awaitEnded(pod, port);
    }

    private static void awaitEnded(NetworkNamespace pod, int port) throws IOException {
        while (Tool.run(pod, "ss", "-Htan", "state", "time-wait", "sport", "=", String.valueOf(port)).isBlank()) {
            Thread.onSpinWait();
        }
    }

    /** A foreign listener at another address of a port can't be prevented, but is reported. */
    @Test
    void aForeignListenerIsReported(PodNetwork network, @TempDir Path home) throws Exception {
        NetworkNamespace pod = network.pod(0).namespace();
        try (ZtunnelProcess ztunnel = process(home.resolve("z"), network); ForeignAgent agent = new ForeignAgent(ztunnel.socket());
                ServerSocketChannel other = foreign(pod)) {
            ztunnel.start();
            assertThat(agent.accept().add("u", pod)).isEqualTo("ack");
            other.bind(new InetSocketAddress(network.pod(0).address(), 15080));
            assertThat(ztunnel.awaitLine(0, "a foreign socket listens")).contains("port 15080");
            assertThat(ztunnel.awaitLine(0, "is held by")).contains("port 15080", "pid " + ProcessHandle.current().pid());
        }
    }

    private static void assertRefused(NetworkNamespace pod) throws IOException {
        for (int port : REDIRECTED) {
            for (String address : new String[] {"::", "0.0.0.0", "127.0.0.1"}) {
                try (ServerSocketChannel joining = foreign(pod)) {
                    joining.setOption(StandardSocketOptions.SO_REUSEPORT, true).setOption(StandardSocketOptions.SO_REUSEADDR, true);
                    assertThatThrownBy(() -> joining.bind(new InetSocketAddress(address, port))).as(address).isInstanceOf(BindException.class);
                }
            }
        }
    }
}
