package io.inpod.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Whatever fails, data that must be encrypted is either encrypted or not sent, for each profile. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
abstract class FailClosed {
    private static final int PATIENCE_MILLIS = 30_000;
    private static final int UNANSWERED_MILLIS = 2_500; // the first SYN and one more
    private static final int PORT = 8080;

    private final String profile;
    private Node node;

    FailClosed(String profile) {
        this.profile = profile;
    }

    @BeforeAll
    void start(@TempDir Path home) throws Exception {
        node = Node.start(profile, home);
        for (Pod pod : List.of(node.a, node.b, node.c)) {
            try (Rtnetlink inside = Rtnetlink.open(pod.namespace())) {
                inside.addresses().add("eth0", v6(pod), 64);
            }
        }
    }

    @AfterAll
    void stop() {
        if (node != null) {
            node.close();
        }
    }

    private static InetAddress v6(Pod pod) throws IOException {
        return InetAddress.getByName("fd77::" + pod.address().getHostAddress().replaceAll(".*\\.", ""));
    }

    private static ServerSocketChannel listen(Pod pod) throws IOException {
        ServerSocketChannel listener = pod.namespace().call(() -> ServerSocketChannel.open());
        listener.bind(new InetSocketAddress("::", PORT));
        return listener;
    }

    private static Socket connect(Pod from, InetAddress to) throws IOException {
        Socket socket = from.namespace().<SocketChannel, IOException>call(SocketChannel::open).socket();
        try {
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.connect(new InetSocketAddress(to, PORT), PATIENCE_MILLIS);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /** Asserts that the connection is refused or reset. Channels report a reset as a plain IOException if it arrives during a write. */
    private static void assertRefused(Pod from, InetAddress to) {
        assertThatThrownBy(() -> {
            try (Socket client = connect(from, to)) {
                client.getOutputStream().write("QUESTION".getBytes(StandardCharsets.US_ASCII));
                client.getInputStream().read();
            }
        }).as("%s to %s", from, to).isInstanceOf(IOException.class).hasMessageMatching("(?i).*(refused|reset|broken pipe).*");
    }

    /** Asserts that no connection is established: it is refused, or dropped, as TPROXY does without a listener. */
    private static void assertUnanswered(Pod from, InetAddress to) throws IOException {
        try (Socket client = from.namespace().<SocketChannel, IOException>call(SocketChannel::open).socket()) {
            assertThatThrownBy(() -> client.connect(new InetSocketAddress(to, PORT), UNANSWERED_MILLIS)).as("%s to %s", from, to)
                    .isInstanceOfAny(ConnectException.class, SocketTimeoutException.class);
        }
    }

    private static void assertServed(Pod from, InetAddress to, ServerSocketChannel listener) throws IOException {
        try (Socket client = connect(from, to)) {
            client.getOutputStream().write("QUESTION".getBytes(StandardCharsets.US_ASCII));
            listener.socket().setSoTimeout(PATIENCE_MILLIS);
            try (Socket app = listener.socket().accept()) {
                assertThat(app.getInputStream().readNBytes(8)).asString().isEqualTo("QUESTION");
            }
        }
    }

    @Test
    @Order(1)
    void aKilledProxyMeansNoConnectionsUntilItIsBack() throws Exception {
        try (ServerSocketChannel listener = listen(node.b);
                ServerSocketChannel outside = listen(node.c)) {
            try (WireCapture capture = WireCapture.start(node.bridge(), node.b.link());
                    WireCapture beyond = WireCapture.start(node.bridge(), node.c.link())) {
                node.process("ztunnel").destroyForcibly().onExit().join();

                assertRefused(node.a, node.b.address());
                assertRefused(node.a, v6(node.b));
                assertRefused(node.a, node.c.address());
                assertRefused(node.a, v6(node.c));
                assertUnanswered(node.c, node.b.address());
                assertUnanswered(node.c, v6(node.b));

                for (WireCapture.Evidence wire : List.of(capture.stop(), beyond.stop())) {
                    assertThat(wire.dataFramesByPort()).isEmpty();
                    assertThat(wire.contains("QUESTION")).isFalse();
                }
            }
            int before = node.lines("ztunnel").size();
            node.startZtunnel();
            node.awaitLog("ztunnel", before, line -> line.contains("pod received snapshot sent"));

            try (WireCapture capture = WireCapture.start(node.bridge(), node.b.link())) {
                assertServed(node.a, node.b.address(), listener);
                assertThat(capture.stop().dataFramesByPort()).containsOnlyKeys(15008);
            }
            assertThat(outside.isOpen()).isTrue();
        }
    }

    /** What remains of the proxy's connections is still there when somebody without its capabilities takes its ports. */
    @Test
    @Order(1)
    void whoTakesThePortsOfTheKilledProxyGetsNoConnection() throws Exception {
        List<ServerSocketChannel> taken = new ArrayList<>();
        try (ServerSocketChannel listener = listen(node.b)) {
            assertServed(node.a, node.b.address(), listener);
            assertServed(node.c, node.b.address(), listener);
            listener.configureBlocking(false);

            node.process("ztunnel").destroyForcibly().onExit().join();
            for (Pod pod : List.of(node.a, node.b)) {
                for (int port : new int[] {InPodConstants.OUTBOUND_PORT, InPodConstants.INBOUND_PLAINTEXT_PORT, InPodConstants.HBONE_PORT}) {
                    taken.add(pod.namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open));
                    taken.get(taken.size() - 1).bind(new InetSocketAddress(port)).configureBlocking(false);
                }
            }
            assertUnanswered(node.a, node.b.address());
            assertUnanswered(node.a, node.c.address());
            assertUnanswered(node.c, node.b.address());
            for (ServerSocketChannel port : taken) {
                assertThat(port.accept()).as("%s", port).isNull();
            }
            assertThat(listener.accept()).isNull();
        } finally {
            for (ServerSocketChannel port : taken) {
                port.close();
            }
            int before = node.lines("ztunnel").size();
            node.startZtunnel();
            node.awaitLog("ztunnel", before, line -> line.contains("pod received snapshot sent"));
        }
    }

    @Test
    @Order(2)
    void ipv6IsRedirectedToo() throws Exception {
        try (ServerSocketChannel listener = listen(node.c)) {
            int before = node.lines("ztunnel").size();

            assertServed(node.a, v6(node.c), listener);

            assertThat(node.awaitLog("ztunnel", before, line -> line.contains("dst.addr=[fd77:"))).contains("connection complete").contains("direction=\"outbound\"");
        }
    }

    @Test
    @Order(2)
    void nothingGoesInClearToAnAddressOfAPodThatTheMeshDoesNotList() throws Exception {
        String reason = "an address of an enrolled pod that the mesh doesn't list";
        try (ServerSocketChannel listener = listen(node.b)) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            do { // the proxy looks for new addresses periodically
                assertThat(System.nanoTime()).as("no refusal because of the address was logged in time").isLessThan(deadline);
                assertRefused(node.a, v6(node.b));
            } while (node.lines("ztunnel").stream().noneMatch(line -> line.contains(reason)));
            WireCapture capture = WireCapture.start(node.bridge(), node.b.link());

            for (int i = 0; i < 50; i++) {
                assertRefused(node.a, v6(node.b));
            }

            assertThat(capture.stop().dataFramesByPort()).isEmpty();
            assertThat(listener.isOpen()).isTrue();
        }
    }

    @Test
    @Order(3)
    void aPodThatTheMeshDoesNotKnowGetsNoConnections() throws Exception {
        node.enrol(node.c);
        try (ServerSocketChannel listener = listen(node.b);
                WireCapture capture = WireCapture.start(node.bridge(), node.c.link())) {
            int before = node.lines("ztunnel").size();

            assertRefused(node.c, node.b.address());

            node.awaitLog("ztunnel", before, line -> line.contains("the mesh doesn't know the workload that the agent named"));
            assertThat(node.lines("ztunnel").stream().skip(before).filter(line -> line.contains("connection failed"))).hasSize(1);
            assertThat(capture.stop().dataFramesByPort()).isEmpty();
            assertThat(listener.isOpen()).isTrue();
        } finally {
            node.withdraw(node.c);
        }
    }

    /** A program in the pod flushes nat. Without the guard, the connection would then arrive in plaintext. */
    @Test
    @Order(3)
    void aFlushedNatMeansNoConnectionsUntilItIsBack() throws Exception {
        try (ServerSocketChannel listener = listen(node.c)) {
            assertServed(node.a, node.c.address(), listener);
            node.signalAgent("STOP"); // it would repair the rules within a minute
            Tool.run(node.a.namespace(), "iptables", "-t", "nat", "-F", "OUTPUT");
            Tool.run(node.a.namespace(), "ip6tables", "-t", "nat", "-F", "OUTPUT");

            assertUnanswered(node.a, node.c.address());
            assertUnanswered(node.a, v6(node.c));

            try (WireCapture capture = WireCapture.start(node.bridge(), node.c.link())) {
                flushGuard(node.a.namespace());
                assertServed(node.a, node.c.address(), listener);
                assertThat(capture.stop().contains("QUESTION")).as("the leak that the guard is there for").isTrue();
            }
            int before = node.lines("ztunnel").size();
            node.signalAgent("CONT");
            node.withdraw(node.a);
            node.enrol(node.a);
            assertServed(node.a, node.c.address(), listener);
            node.awaitLog("ztunnel", before, line -> line.contains("connection complete") && line.contains("direction=\"outbound\""));
        }
    }

    /** Either direction of the guard stops a connection, because both look at every segment. */
    private static void flushGuard(NetworkNamespace pod) throws Exception {
        Tool.run(pod, "iptables", "-t", "mangle", "-F", "INPOD_GUARD");
        Tool.run(pod, "iptables", "-t", "mangle", "-F", "INPOD_INBOUND");
    }

    /** The same for inbound connections, which would reach the application in plaintext, without any policy check. */
    @Test
    @Order(3)
    void aFlushedWayInMeansNoConnectionsUntilItIsBack() throws Exception {
        try (ServerSocketChannel listener = listen(node.b)) {
            assertServed(node.c, node.b.address(), listener);
            node.signalAgent("STOP");
            for (String tool : List.of("iptables", "ip6tables")) {
                Tool.run(node.b.namespace(), tool, "-t", profile.equals("redirect") ? "nat" : "mangle", "-F", "PREROUTING");
            }

            assertUnanswered(node.c, node.b.address());
            assertUnanswered(node.c, v6(node.b));

            flushGuard(node.b.namespace());
            int before = node.lines("ztunnel").size();
            assertServed(node.c, node.b.address(), listener);
            assertThat(node.lines("ztunnel").stream().skip(before)).as("the hole that the guard is there for").noneMatch(line -> line.contains("direction=\"inbound\""));
            node.signalAgent("CONT");
            node.withdraw(node.b);
            node.enrol(node.b);
            assertServed(node.c, node.b.address(), listener);
            node.awaitLog("ztunnel", before, line -> line.contains("connection complete") && line.contains("direction=\"inbound\""));
        }
    }

    @Test
    @Order(4)
    void aWithdrawnPodIsAsItWasBefore() throws Exception {
        node.withdraw(node.b);

        assertThat(Tool.run(node.b.namespace(), "ss", "-Hnlt")).isBlank();
        assertThat(Tool.run(node.b.namespace(), "iptables-save")).doesNotContain("ISTIO");
        assertThat(Tool.run(node.b.namespace(), "ip6tables-save")).doesNotContain("ISTIO");
        for (String family : List.of("-4", "-6")) {
            assertThat(Tool.run(node.b.namespace(), "ip", family, "rule")).doesNotContain("fwmark");
            assertThat(Tool.tryRun(node.b.namespace(), "ip", family, "route", "show", "table", "100").output()).doesNotContain("local");
        }
        try (ServerSocketChannel listener = listen(node.b)) {
            assertRefused(node.a, node.b.address()); // according to the mesh, b speaks HBONE, so plaintext is refused
            node.enrol(node.b);
            assertServed(node.a, node.b.address(), listener);
        }
    }

    @Test
    @Order(5)
    void aTerminatedProxyEndsWithZeroThoughTunnelsAreOpen() throws Exception {
        Process process = node.process("ztunnel");
        process.destroy();

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("the ztunnel ends").isTrue();
        assertThat(process.exitValue()).isZero();

        int before = node.lines("ztunnel").size();
        node.startZtunnel();
        node.awaitLog("ztunnel", before, line -> line.contains("pod received snapshot sent"));
    }

    @Test
    @Order(6)
    void aKilledAgentChangesNothing() throws Exception {
        try (ServerSocketChannel listener = listen(node.b);
                WireCapture capture = WireCapture.start(node.bridge(), node.b.link())) {
            node.process("agent").destroyForcibly().onExit().join();
            node.awaitLog("ztunnel", line -> line.contains("reconnecting"));

            assertServed(node.a, node.b.address(), listener);
            assertThat(capture.stop().dataFramesByPort()).containsOnlyKeys(15008);
        }
    }
}
