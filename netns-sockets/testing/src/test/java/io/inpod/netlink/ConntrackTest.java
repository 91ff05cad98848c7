package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netlink.conntrack.Conntrack;
import io.inpod.netlink.conntrack.ConntrackWatch;
import io.inpod.netlink.conntrack.Flow;
import io.inpod.netlink.conntrack.FlowEvent;
import io.inpod.netlink.conntrack.FlowTuple;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Flows as conntrack(8) lists them. */
@Pods(0)
@Timeout(120)
class ConntrackTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final InetSocketAddress SERVER = new InetSocketAddress("127.0.0.1", 8080);
    private static final InetSocketAddress CLIENT = new InetSocketAddress("127.0.0.1", 40000);
    private static final InetSocketAddress RESOLVER = new InetSocketAddress("::1", 5353);
    private static final InetSocketAddress ASKING = new InetSocketAddress("::1", 40001);
    private static final FlowTuple CONNECTION = FlowTuple.tcp(CLIENT, SERVER);
    private static final FlowTuple QUESTION = FlowTuple.udp(ASKING, RESOLVER);

    private NetworkNamespace pod;
    private Conntrack flows;

    @BeforeEach
    void open() throws IOException {
        pod = NetworkNamespace.create();
        try (Rtnetlink network = Rtnetlink.open(pod)) {
            network.links().up("lo");
        }
        Tool.run(pod, "sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1");
        Tool.run(pod, "nft", "add table inet seen; add chain inet seen out { type filter hook output priority 0; };"
                + " add rule inet seen out ct state new tcp dport 8080 ct mark set 0x1207;"
                + " add rule inet seen out ct state new accept");
        flows = Conntrack.open(pod);
    }

    @AfterEach
    void close() {
        flows.close();
        pod.close();
    }

    private interface Body {
        void run(SocketChannel client, SocketChannel accepted) throws IOException;
    }

    /** A connection, a question over UDP without an answer, and a ping. */
    private void withTraffic(Body body) throws IOException {
        try (ServerSocketChannel server = pod.<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
                SocketChannel client = pod.<SocketChannel, IOException>call(SocketChannel::open);
                DatagramChannel asking = pod.<DatagramChannel, IOException>call(DatagramChannel::open);
                DatagramChannel resolver = pod.<DatagramChannel, IOException>call(DatagramChannel::open)) {
            server.bind(SERVER);
            client.bind(CLIENT);
            client.connect(SERVER);
            resolver.bind(RESOLVER);
            asking.bind(ASKING);
            asking.send(ByteBuffer.wrap(new byte[5]), RESOLVER);
            try (SocketChannel accepted = server.accept()) {
                client.write(ByteBuffer.wrap(new byte[100]));
                accepted.read(ByteBuffer.allocate(100));
                body.run(client, accepted);
            }
        }
    }

    @Test
    void listsWhatConntrackLists() throws IOException {
        withTraffic((client, accepted) -> {
            for (IpFamily family : IpFamily.values()) {
                List<String> expected = Tool.run(pod, "conntrack", "-f", family == IpFamily.V4 ? "ipv4" : "ipv6", "-L", "-o", "id").lines()
                        .filter(line -> line.contains("src=")).map(ConntrackTest::normal).toList();

                assertThat(flows.list(family).stream().map(ConntrackTest::words)).containsExactlyInAnyOrderElementsOf(expected).isNotEmpty();
            }
            Flow connection = flows.find(CONNECTION).orElseThrow();
            assertThat(connection.tcpState()).isEqualTo(Flow.TcpState.ESTABLISHED);
            assertThat(connection.status()).contains(Flow.Status.ASSURED, Flow.Status.SEEN_REPLY, Flow.Status.CONFIRMED);
            assertThat(Objects.requireNonNull(connection.timeout())).isPositive();
            assertThat(flows.find(FlowTuple.tcp(SERVER, CLIENT))).map(Flow::id).hasValue(connection.id());
            assertThat(flows.find(FlowTuple.tcp(SERVER, SERVER))).isEmpty();
            assertThat(flows.list(IpFamily.V4, 0x200, 0xf00)).extracting(Flow::id).containsExactly(connection.id());
            assertThat(flows.list(IpFamily.V4, 0x300, 0xf00)).isEmpty();
            Flow question = flows.find(QUESTION).orElseThrow();
            assertThat(question.status()).doesNotContain(Flow.Status.SEEN_REPLY);
            assertThat(question.originalCounters()).isEqualTo(new Flow.Counters(1, 53));
            assertThat(question.replyCounters()).isEqualTo(new Flow.Counters(0, 0));
        });
    }

    /** The line of conntrack(8) without the seconds that are left, which change. */
    private static String normal(String line) {
        return line.replaceAll("^(\\S+) +(\\d+) \\d+ ?", "$1 $2 ").replaceAll(" use=\\d+", "").replaceAll("\\s+", " ").strip();
    }

    private static String words(Flow flow) {
        String state = flow.tcpState() == null ? "" : flow.tcpState().name().replace("RECEIVED", "RECV") + " ";
        boolean replied = flow.status().contains(Flow.Status.SEEN_REPLY);
        return (flow.original().protocol() == FlowTuple.TCP ? "tcp 6 " : "udp 17 ") + state + words(flow.original(), flow.originalCounters())
                + (replied ? "" : " [UNREPLIED]") + " " + words(flow.reply(), flow.replyCounters())
                + (flow.status().contains(Flow.Status.ASSURED) ? " [ASSURED]" : "") + " mark=" + flow.mark() + " id=" + flow.id();
    }

    private static String words(FlowTuple tuple, Flow.Counters counters) {
        return tuple.toString().replace("0:0:0:0:0:0:0:", "::") + " packets=" + counters.packets() + " bytes=" + counters.bytes();
    }

    @Test
    void aFlowOfAnotherZoneIsFoundAndDeletedThereOnly() throws IOException {
        Tool.run(pod, "nft", "add table inet zones; add chain inet zones out { type filter hook output priority raw; };"
                + " add rule inet zones out ct zone set 7");
        withTraffic((client, accepted) -> {
            assertThat(flows.find(CONNECTION)).isEmpty();
            assertThat(flows.delete(CONNECTION)).isFalse();
            Flow connection = flows.find(CONNECTION, 7).orElseThrow();
            assertThat(connection.zone()).isEqualTo(7);
            assertThat(flows.delete(connection)).isTrue();
            assertThat(flows.find(CONNECTION, 7)).isEmpty();
        });
    }

    @Test
    void deletesExactlyOne() throws IOException {
        withTraffic((client, accepted) -> {
            Flow connection = flows.find(CONNECTION).orElseThrow();
            Flow question = flows.find(QUESTION).orElseThrow();

            assertThat(flows.delete(new Flow(connection.original(), connection.reply(), Set.of(), null, null, 0, 0, connection.id() ^ 1, null, null)))
                    .as("a later flow with the same packets").isFalse();
            assertThat(flows.find(CONNECTION)).isPresent();
            assertThat(flows.delete(connection)).isTrue();
            assertThat(Tool.run(pod, "conntrack", "-L")).doesNotContain("dport=8080");
            assertThat(flows.delete(connection)).isFalse();

            assertThat(flows.delete(question.reply())).as("by the packets of the other direction").isTrue();
            assertThat(flows.delete(QUESTION)).isFalse();
            assertThat(flows.list(IpFamily.V6)).isEmpty();
        });
    }

    @Test
    void reportsBeginningAndEnd() throws IOException {
        try (ConntrackWatch watch = ConntrackWatch.open(pod)) {
            withTraffic((client, accepted) -> accepted.setOption(StandardSocketOptions.SO_LINGER, 0)); // ends with a reset
            List<FlowEvent> events = until(watch, event -> event instanceof FlowEvent.Changed changed && changed.flow().tcpState() == Flow.TcpState.CLOSE);
            assertThat(flows.delete(CONNECTION)).isTrue();
            events.addAll(until(watch, event -> event instanceof FlowEvent.Ended));

            List<FlowEvent> ofConnection = events.stream().filter(event -> flow(event).original().equals(CONNECTION)).toList();
            assertThat(ofConnection.get(0)).isInstanceOf(FlowEvent.Began.class);
            assertThat(ofConnection).extracting(event -> flow(event).tcpState()).contains(Flow.TcpState.SYN_SENT, Flow.TcpState.ESTABLISHED, Flow.TcpState.CLOSE);
            assertThat(ofConnection).extracting(event -> flow(event).id()).containsOnly(flow(ofConnection.get(0)).id());
            assertThat(ofConnection.get(ofConnection.size() - 1)).isInstanceOfSatisfying(FlowEvent.Ended.class,
                    ended -> assertThat(Objects.requireNonNull(ended.flow().originalCounters()).bytes()).isGreaterThan(100));
            assertThat(events).anyMatch(event -> event instanceof FlowEvent.Began began && began.flow().original().equals(QUESTION));
        }
    }

    private static List<FlowEvent> until(ConntrackWatch watch, Predicate<FlowEvent> last) throws IOException {
        List<FlowEvent> events = new ArrayList<>();
        do {
            events.add(watch.next(LIMIT));
        } while (!last.test(events.get(events.size() - 1)));
        return events;
    }

    private static Flow flow(FlowEvent event) {
        if (event instanceof FlowEvent.Began began) {
            return began.flow();
        } else if (event instanceof FlowEvent.Changed changed) {
            return changed.flow();
        } else if (event instanceof FlowEvent.Ended ended) {
            return ended.flow();
        }
        throw new AssertionError(event.toString().toLowerCase(Locale.ROOT));
    }

    @Test
    void pingsHaveTheirType() throws IOException {
        Tool.run(pod, "python3", "-c", """
                import socket, struct
                s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
                body = struct.pack('!BBHHH', 8, 0, 0, 77, 1)
                total = sum(struct.unpack('!4H', body))
                s.sendto(struct.pack('!BBHHH', 8, 0, ~total & 0xffff, 77, 1), ('127.0.0.1', 0))
                """);
        InetAddress host = InetAddress.getByName("127.0.0.1");
        FlowTuple ping = FlowTuple.icmp(host, host, new FlowTuple.Icmp(8, 0, 77));

        assertThat(flows.find(ping)).map(Flow::original).hasValue(ping);
        assertThat(Tool.run(pod, "conntrack", "-L", "-p", "icmp")).contains(ping.toString());
        assertThat(flows.delete(ping)).isTrue();
    }

    @Test
    void valuesOutOfRangeAreRefusedByName() throws IOException {
        InetAddress v4 = InetAddress.getByName("127.0.0.1");
        InetAddress v6 = InetAddress.getByName("::1");
        assertThatThrownBy(() -> new FlowTuple(256, v4, v4, 0, 0, null)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("protocol");
        assertThatThrownBy(() -> new FlowTuple(6, v4, v6, 0, 0, null)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("family");
        assertThatThrownBy(() -> new FlowTuple(6, v4, v4, 65536, 0, null)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("sourcePort");
        assertThatThrownBy(() -> new FlowTuple(6, v4, v4, 0, 0, new FlowTuple.Icmp(8, 0, 1))).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("icmp");
        assertThatThrownBy(() -> new FlowTuple.Icmp(256, 0, 0)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("type");
        assertThatThrownBy(() -> flows.find(CONNECTION, 65536)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("zone");
        assertThatThrownBy(() -> flows.list(IpFamily.V4, 8, 7)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("mask");
    }
}
