package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netlink.diag.InetSocket;
import io.inpod.netlink.diag.SocketDiag;
import io.inpod.netlink.diag.SocketFilter;
import io.inpod.netlink.diag.SocketProtocol;
import io.inpod.netlink.diag.SocketQuery;
import io.inpod.netlink.diag.SocketState;
import io.inpod.netlink.diag.TcpInfo;
import io.inpod.netlink.diag.UnixSocket;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.ChildProcess;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sockets as {@code ss} lists them; it judges, and Python opens them. */
@Pods(0)
@Timeout(60)
class SocketDiagTest {
    private static final String SOCKETS = """
            import os, socket as s, sys, tempfile
            def tcp(family, host, port):
                server = s.socket(family, s.SOCK_STREAM)
                server.setsockopt(s.SOL_SOCKET, s.SO_REUSEADDR, 1)
                server.bind((host, port))
                server.listen(7)
                client = s.create_connection(('127.0.0.1' if host == '::' else host, port))
                return server, client, server.accept()[0]
            keep = [tcp(s.AF_INET, '127.0.0.1', 8080), tcp(s.AF_INET6, '::1', 8081), tcp(s.AF_INET6, '::', 8082)]
            keep[0][1].sendall(b'unread')
            waiting = s.create_connection(('127.0.0.1', 8080))
            keep[1][1].close()
            bound = s.socket(); bound.bind(('127.0.0.1', 8083))
            udp = s.socket(s.AF_INET, s.SOCK_DGRAM); udp.bind(('127.0.0.1', 5353))
            asking = s.socket(s.AF_INET6, s.SOCK_DGRAM); asking.connect(('::1', 53))
            path = tempfile.mkdtemp()
            stream = s.socket(s.AF_UNIX); stream.bind(path + '/stream'); stream.listen(3)
            abstract = s.socket(s.AF_UNIX, s.SOCK_SEQPACKET); abstract.bind('\\0abstract name'); abstract.listen(5)
            pair = s.socketpair(s.AF_UNIX, s.SOCK_DGRAM); pair[0].send(b'one'); pair[0].send(b'two')
            ended = tcp(s.AF_INET, '127.0.0.1', 8084); ended[1].close(); ended[2].close(); ended[0].close()
            print(path, flush=True)
            sys.stdin.read()
            for file in os.listdir(path): os.remove(path + '/' + file)
            os.rmdir(path)
            """;

    private static final Map<SocketState, String> OF_SS = Map.of(SocketState.ESTABLISHED, "ESTAB", SocketState.CLOSE, "UNCONN");

    private NetworkNamespace pod;
    private SocketDiag sockets;

    @BeforeEach
    void open() throws IOException {
        pod = NetworkNamespace.create();
        try (Rtnetlink network = Rtnetlink.open(pod)) {
            network.links().up("lo");
        }
        sockets = SocketDiag.open(pod);
    }

    @AfterEach
    void close() {
        sockets.close();
        pod.close();
    }

    private ChildProcess python() throws IOException {
        ChildProcess child = ChildProcess.start(Tool.inside(pod, "python3", "-c", SOCKETS));
        child.line("the path");
        while (Tool.run(pod, "ss", "-Htan").contains("FIN-WAIT-1")) {
            Thread.onSpinWait(); // until the kernel has acknowledged the end, which it delays
        }
        return child;
    }

    @Test
    void tellsWhichSocketsAreTransparent() throws IOException {
        String program = "import socket,sys; made=[socket.socket() for _ in range(2)]; made[0].setsockopt(0,19,1); "
                + "[each.listen() for each in made]; print(made[0].getsockname()[1], made[1].getsockname()[1], flush=True); sys.stdin.read()";
        try (ChildProcess child = ChildProcess.start(Tool.inside(pod, "python3", "-c", program))) {
            String[] ports = child.line("the ports").split(" ");
            Map<Integer, Boolean> found = new HashMap<>();
            sockets.list(SocketQuery.tcp().in(SocketState.LISTEN)).forEach(socket -> found.put(socket.local().getPort(), socket.transparent()));

            assertThat(found).isEqualTo(Map.of(Integer.parseInt(ports[0]), true, Integer.parseInt(ports[1]), false));
        }
    }

    @Test
    void listsWhatSsLists() throws IOException {
        try (ChildProcess child = python()) {
            for (SocketProtocol protocol : SocketProtocol.values()) {
                List<InetSocket> listed = sockets.list(protocol == SocketProtocol.TCP ? SocketQuery.tcp() : SocketQuery.udp());

                assertThat(listed.stream().filter(socket -> protocol == SocketProtocol.UDP || socket.state() != SocketState.CLOSE).map(SocketDiagTest::words))
                        .containsExactlyInAnyOrderElementsOf(ss(protocol == SocketProtocol.TCP ? "-Htane" : "-Huane"))
                        .hasSizeGreaterThan(1);
                assertThat(listed).filteredOn(socket -> socket.inode() != 0).extracting(InetSocket::cookie).doesNotHaveDuplicates().doesNotContain(0L);
            }
            for (SocketState state : List.of(SocketState.LISTEN, SocketState.ESTABLISHED, SocketState.CLOSE_WAIT, SocketState.FIN_WAIT_2, SocketState.TIME_WAIT)) {
                assertThat(sockets.list(SocketQuery.tcp().in(state))).isNotEmpty().allMatch(socket -> socket.state() == state && socket.listens() == (state == SocketState.LISTEN));
            }
            assertThat(sockets.list(SocketQuery.udp().of(IpFamily.V6))).singleElement().satisfies(only -> assertThat(only.remote().getPort()).isEqualTo(53));
            if (Tool.run(pod, "uname", "-r").matches("(?s)(6\\.([89]|\\d\\d)|[7-9]|\\d\\d).*")) {
                assertThat(sockets.list(SocketQuery.tcp().in(SocketState.CLOSE))).singleElement().satisfies(bound -> assertThat(bound.local().getPort()).isEqualTo(8083));
            }
            child.endInput();
            assertThat(child.awaitExit()).isZero();
        }
    }

    private List<String> ss(String... arguments) throws IOException {
        return Tool.run(pod, Stream.concat(Stream.of("ss"), Stream.of(arguments)).toArray(String[]::new)).lines().map(line -> {
            String[] fields = line.strip().split("\\s+");
            Matcher inode = Pattern.compile("ino:(\\d+)").matcher(line);
            return String.join(" ", List.of(fields).subList(0, 5)).replaceAll("(?<= )\\[::\\]:|(?<= )\\*:(?=\\d)", "*:").replace("[::]:*", "*:*")
                    + " " + (inode.find() ? inode.group(1) : "0");
        }).toList();
    }

    private static String words(InetSocket socket) {
        return OF_SS.getOrDefault(socket.state(), socket.state().toString().replace('_', '-')) + " " + socket.receiveQueue() + " " + socket.sendQueue() + " "
                + words(socket.family(), socket.local()) + " " + words(socket.family(), socket.remote()) + " " + socket.inode();
    }

    private static String words(IpFamily family, InetSocketAddress address) {
        String host = address.getAddress().getHostAddress().replace("0:0:0:0:0:0:0:", "::");
        String text = family == IpFamily.V4 ? host : host.contains(".") ? "[::ffff:" + host + "]" : host.equals("::0") ? "*" : "[" + host + "]";
        return text + ":" + (address.getPort() == 0 ? "*" : address.getPort());
    }

    @Test
    void theKernelFiltersAsSsDoes() throws IOException {
        Map<String, SocketFilter> filters = new TreeMap<>(Map.of(
                "sport = :8080", SocketFilter.localPort(8080),
                "dport >= :8081 and dport <= :8082", SocketFilter.remotePorts(8081, 8082),
                "src 127.0.0.0/8", SocketFilter.local(InetAddress.getByName("127.0.0.0"), 8),
                "dst [::1]", SocketFilter.remote(InetAddress.getByName("::1"), 128),
                "not ( sport = :8080 or dport = :8080 )", SocketFilter.localPort(8080).or(SocketFilter.remotePort(8080)).not(),
                "fwmark = 0x7/0xf", SocketFilter.mark(7, 15)));
        try (ChildProcess child = python()) {
            for (Map.Entry<String, SocketFilter> entry : filters.entrySet()) {
                List<InetSocket> found = sockets.list(SocketQuery.tcp().in(SocketState.ESTABLISHED, SocketState.LISTEN).where(entry.getValue()));

                assertThat(found.stream().map(SocketDiagTest::words)).as(entry.getKey())
                        .containsExactlyInAnyOrderElementsOf(ss("-Htne", "state", "established", "state", "listening", entry.getKey()).stream()
                                .map(line -> line).toList());
            }
            child.endInput();
            assertThat(child.awaitExit()).isZero();
        }
    }

    /** A filter, and what it means. */
    private record Meaning(SocketFilter filter, Predicate<InetSocket> predicate) {}

    @Test
    void composedFiltersMeanWhatTheySay() throws IOException {
        Random random = new Random(20261129);
        try (ChildProcess child = python()) {
            SocketQuery all = SocketQuery.tcp().in(SocketState.ESTABLISHED, SocketState.LISTEN, SocketState.CLOSE_WAIT);
            List<InetSocket> listed = sockets.list(all);
            int some = 0;
            for (int round = 0; round < 300; round++) {
                Meaning meaning = random(random, 5);
                List<InetSocket> expected = listed.stream().filter(meaning.predicate).toList();
                some += expected.isEmpty() || expected.size() == listed.size() ? 0 : 1;

                assertThat(sockets.list(all.where(meaning.filter))).as(meaning.filter.toString()).containsExactlyInAnyOrderElementsOf(expected);
            }
            assertThat(some).isGreaterThan(100);
            child.endInput();
            assertThat(child.awaitExit()).isZero();
        }
    }

    private static Meaning random(Random random, int depth) throws IOException {
        Meaning one = depth == 0 ? null : random(random, random.nextInt(depth));
        Meaning two = depth == 0 ? null : random(random, random.nextInt(depth));
        int port = 8080 + random.nextInt(3);
        InetAddress v4 = InetAddress.getByName("127.0.0.1");
        return switch (one == null || two == null ? random.nextInt(4) : 4 + random.nextInt(3)) {
            case 0 -> new Meaning(SocketFilter.localPort(port), socket -> socket.local().getPort() == port);
            case 1 -> new Meaning(SocketFilter.remotePorts(8081, port + 1), socket -> socket.remote().getPort() >= 8081 && socket.remote().getPort() <= port + 1);
            case 2 -> new Meaning(SocketFilter.local(v4, 31), socket -> socket.local().getAddress().equals(v4));
            case 3 -> new Meaning(SocketFilter.link(0), socket -> true);
            case 4 -> new Meaning(one.filter.and(two.filter), one.predicate.and(two.predicate));
            case 5 -> new Meaning(one.filter.or(two.filter), one.predicate.or(two.predicate));
            default -> new Meaning(one.filter.not(), one.predicate.negate());
        };
    }

    @Test
    void tcpInfoIsThatOfSs() throws Exception {
        try (ServerSocketChannel server = pod.<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
                SocketChannel client = pod.<SocketChannel, IOException>call(SocketChannel::open)) {
            server.bind(new InetSocketAddress("127.0.0.1", 8080));
            client.connect(new InetSocketAddress("127.0.0.1", 8080));
            try (SocketChannel accepted = server.accept()) {
                Tool.run(pod, "nft", "add table ip lossy; add chain ip lossy in { type filter hook input priority 0; };"
                        + " add rule ip lossy in tcp sport 8080 tcp flags & psh == psh drop");
                accepted.write(ByteBuffer.wrap(new byte[1000]));
                await(info -> info.retransmissions() > 0 && info.unansweredRetransmissions() > 0 && info.unacknowledged() == 1);
                Tool.run(pod, "nft", "delete table ip lossy");
                await(info -> info.unacknowledged() == 0 && info.bytesAcknowledged() >= 1000);

                TcpInfo info = info();
                String ss = Tool.run(pod, "ss", "-Htni", "sport = :8080");

                assertThat(Duration.ofNanos((long) (number(ss, " rtt:([\\d.]+)/") * 1e6))).isEqualTo(info.roundTrip());
                assertThat(Duration.ofNanos((long) (number(ss, " rtt:[\\d.]+/([\\d.]+)") * 1e6))).isEqualTo(info.roundTripVariation());
                assertThat(Duration.ofNanos((long) (number(ss, " minrtt:([\\d.]+)") * 1e6))).isEqualTo(info.shortestRoundTrip());
                assertThat(number(ss, " rto:([\\d.]+)")).isEqualTo(info.retransmissionTimeout().toMillis());
                assertThat(number(ss, " retrans:0/(\\d+)")).isEqualTo(info.retransmissions()).isPositive();
                assertThat(number(ss, " bytes_sent:(\\d+)")).isEqualTo(info.bytesSent());
                assertThat(number(ss, " bytes_retrans:(\\d+)")).isEqualTo(info.bytesRetransmitted()).isGreaterThanOrEqualTo(1000);
                assertThat(number(ss, " bytes_acked:(\\d+)")).isEqualTo(info.bytesAcknowledged());
                assertThat(number(ss, " segs_out:(\\d+)")).isEqualTo(info.segmentsSent());
                assertThat(number(ss, " segs_in:(\\d+)")).isEqualTo(info.segmentsReceived());
                assertThat(number(ss, " cwnd:(\\d+)")).isEqualTo(info.congestionWindow());
                if (info.slowStartThreshold() < 0xffff) { // otherwise ss doesn't print it
                    assertThat(number(ss, " ssthresh:(\\d+)")).isEqualTo(info.slowStartThreshold());
                }
                assertThat(number(ss, " mss:(\\d+)")).isEqualTo(info.sendSegmentSize());
                assertThat(number(ss, " pmtu:(\\d+)")).isEqualTo(info.pathMtu());
                assertThat(number(ss, " delivery_rate (\\d+)bps")).isEqualTo(info.deliveryRate() * 8);
                assertThat(ss).contains(" " + info.congestionControl() + " ");
                assertThat(info.unansweredRetransmissions()).isZero();
                assertThat(sockets.list(SocketQuery.tcp().where(SocketFilter.remotePort(8080)).withTcpInfo())).singleElement()
                        .satisfies(peer -> assertThat(Objects.requireNonNull(peer.tcpInfo()).bytesReceived()).isEqualTo(1000));
            }
        }
    }

    private static double number(String text, String pattern) {
        Matcher found = Pattern.compile(pattern).matcher(text);
        assertThat(found.find()).as(pattern + " in " + text).isTrue();
        return Double.parseDouble(found.group(1));
    }

    private void await(Predicate<TcpInfo> condition) throws IOException, InterruptedException {
        while (!condition.test(info())) { // the class has a time limit, which interrupts
            Thread.sleep(1);
        }
    }

    private TcpInfo info() throws IOException {
        List<InetSocket> found = sockets.list(SocketQuery.tcp().in(SocketState.ESTABLISHED).where(SocketFilter.localPort(8080)).withTcpInfo());
        return Objects.requireNonNull(found.get(0).tcpInfo());
    }

    @Test
    void destroyedConnectionsEnd() throws IOException {
        try (ServerSocketChannel server = pod.<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
                SocketChannel client = pod.<SocketChannel, IOException>call(SocketChannel::open);
                SocketChannel other = pod.<SocketChannel, IOException>call(SocketChannel::open)) {
            server.bind(new InetSocketAddress("127.0.0.1", 8080));
            client.connect(new InetSocketAddress("127.0.0.1", 8080));
            other.connect(new InetSocketAddress("127.0.0.1", 8080));
            int port = ((InetSocketAddress) client.getLocalAddress()).getPort();
            InetSocket connected = sockets.list(SocketQuery.tcp().where(SocketFilter.localPort(port))).get(0);

            assertThat(sockets.destroy(connected)).isTrue();

            assertThatThrownBy(() -> client.read(ByteBuffer.allocate(1))).isInstanceOf(IOException.class);
            assertThat(ss("-Htn", "sport = :" + port)).isEmpty();
            assertThat(sockets.destroy(connected)).isFalse();
            assertThat(ss("-Htn", "dport = :8080")).as("the other connection").hasSize(1);
            assertThat(sockets.destroy(SocketQuery.tcp().in(SocketState.LISTEN).where(SocketFilter.localPort(8080)))).hasSize(1);
            assertThat(ss("-Htln")).isEmpty();
        }
    }

    @Test
    void aSocketOfOneInterfaceIsFoundAgain() throws IOException {
        String program = "import socket, sys; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'lo');"
                + " s.bind(('127.0.0.1', 8080)); s.listen(); print('listening', flush=True); sys.stdin.read()";
        try (ChildProcess child = ChildProcess.start(Tool.inside(pod, "python3", "-c", program))) {
            child.line("that it listens");
            InetSocket listening = sockets.list(SocketQuery.tcp()).get(0);
            assertThat(listening.link()).isEqualTo(1);
            assertThat(sockets.list(SocketQuery.tcp().where(SocketFilter.link(1)))).containsExactly(listening);
            assertThat(sockets.destroy(listening)).isTrue();
            assertThat(ss("-Htln")).isEmpty();
        }
    }

    @Test
    void unixSocketsAreThoseOfSs() throws IOException {
        try (ChildProcess child = python()) {
            List<String> expected = Tool.run(pod, "ss", "-Hxan").lines().map(line -> line.strip().replaceAll("\\s+", " ")).toList();

            assertThat(sockets.unix().stream().map(SocketDiagTest::words)).containsExactlyInAnyOrderElementsOf(expected).hasSize(4);

            assertThat(sockets.unix(EnumSet.of(SocketState.LISTEN), 10)).hasSize(2).extracting(UnixSocket::path).anyMatch("@abstract name"::equals);
            assertThat(sockets.unix(EnumSet.of(SocketState.LISTEN), 1)).hasSize(1);
            assertThat(sockets.unix()).allMatch(socket -> socket.user() == 0);
            child.endInput();
            assertThat(child.awaitExit()).isZero();
        }
    }

    private static String words(UnixSocket socket) {
        String type = Map.of(UnixSocket.Type.STREAM, "u_str", UnixSocket.Type.DGRAM, "u_dgr", UnixSocket.Type.SEQPACKET, "u_seq").get(socket.type());
        return type + " " + OF_SS.getOrDefault(socket.state(), socket.state().toString()) + " " + socket.receiveQueue() + " " + socket.sendQueue() + " "
                + (socket.path() == null ? "*" : socket.path()) + " " + socket.inode() + " * " + socket.peer();
    }

    /** A process of the pod decides how many there are. */
    @Test
    void onlyTheFirstOfManyAreRead() throws IOException {
        List<ServerSocketChannel> open = new ArrayList<>();
        try {
            for (int i = 1; i <= 150; i++) {
                ServerSocketChannel server = pod.<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
                open.add(server);
                server.bind(new InetSocketAddress("127.0.0." + i, 15001));
            }
            assertThat(sockets.list(SocketQuery.tcp().first(100))).hasSize(100);
            assertThat(sockets.list(SocketQuery.tcp())).hasSize(150);
            long group = sockets.list(SocketQuery.tcp()).get(0).cgroup();
            assertThat(group != 0).isEqualTo(Tool.run(pod, "ss", "-Htlne").contains("cgroup:"));
            if (group != 0) { // the kernel may have no control groups
                assertThat(sockets.list(SocketQuery.tcp().where(SocketFilter.cgroup(group)))).hasSize(150);
                assertThat(sockets.list(SocketQuery.tcp().where(SocketFilter.cgroup(group + 1)))).isEmpty();
            }
        } finally {
            for (ServerSocketChannel server : open) {
                server.close();
            }
        }
    }

    @Test
    void valuesOutOfRangeAreRefusedByName() throws IOException {
        InetAddress address = InetAddress.getByName("127.0.0.1");
        assertThatThrownBy(() -> SocketFilter.localPort(65536)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("sport").hasMessageContaining("0 to 65535");
        assertThatThrownBy(() -> SocketFilter.remotePorts(2, 1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("dport");
        assertThatThrownBy(() -> SocketFilter.local(address, 33)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("0 to 32");
        assertThatThrownBy(() -> SocketFilter.link(-1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("index");
        assertThatThrownBy(() -> SocketFilter.mark(8, 7)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("mark");
        assertThatThrownBy(() -> SocketQuery.udp().withTcpInfo()).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("tcpInfo");
        assertThatThrownBy(() -> SocketQuery.tcp().first(0)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("most");
        assertThatThrownBy(() -> sockets.unix(Set.of(), 1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("states");
        SocketFilter long1 = SocketFilter.localPort(1);
        assertThatThrownBy(() -> {
            SocketFilter doubled = long1;
            for (int i = 0; i < 20; i++) {
                doubled = doubled.or(doubled);
            }
        }).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("bytes");
    }
}
