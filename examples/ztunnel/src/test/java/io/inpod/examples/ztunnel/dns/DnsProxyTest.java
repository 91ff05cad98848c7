package io.inpod.examples.ztunnel.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.share.Clients;
import io.inpod.tproxy.share.Holdings;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.NetUtil;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBucket;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import java.util.Set;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code dig} asks in one pod; the name server is another pod. */
@Timeout(120)
@Pods(2)
class DnsProxyTest {
    private static final int PORT = 15053;
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final List<Channel> channels = new ArrayList<>();
    private NetworkNamespace pod;
    private OddNameServer upstream;
    private final DnsCounters counters = new DnsCounters();
    private DnsProxy proxy;
    private volatile Optional<Workload> self = Optional.of(Workload.builder("client", "shop").build());

    @BeforeEach
    void start(PodNetwork network, @TempDir Path directory) throws Exception {
        loops.forEach(loop -> loop.submit(() -> { }).awaitUninterruptibly()); // no thread may start in a pod
        pod = network.pod(0).namespace();
        upstream = new OddNameServer(network.pod(1));
        NameServers servers = new NameServers(
                Files.writeString(directory.resolve("resolv.conf"), "nameserver " + network.pod(1).address().getHostAddress() + "\n"));
        servers.refresh();
        Clients clients = new Clients(Holdings.of(10_000, 1 << 20));
        proxy = new DnsProxy(new DnsProxy.Pod(pod, SocketOptions.NONE, () -> self, clients::admit), () -> MESH,
                new DnsSettings("cluster.local", "", true), servers, counters);
        InetSocketAddress address = new InetSocketAddress(NetUtil.LOCALHOST4, PORT);
        channels.add(DnsUdp.listen(pod, address, SocketOptions.NONE, loops.next(), proxy));
        channels.add(new ServerBootstrap().group(loops).channelFactory(NettyChannels.server(pod)).childOption(ChannelOption.AUTO_READ, false).childHandler(new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel connection) {
                DnsTcp.serve(connection.pipeline(), proxy, NetUtil.LOCALHOST4);
            }
        }).bind(address).sync().channel());
    }

    @AfterEach
    void stop() throws IOException {
        channels.forEach(channel -> channel.close().awaitUninterruptibly());
        upstream.close();
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    private static final Mesh MESH = mesh();

    private static Mesh mesh() {
        MeshChange change = Mesh.EMPTY.change();
        change.put(Service.builder("shop", "web.shop.svc.cluster.local").addresses(List.of(vip("10.96.0.1"), vip("fd00::1"))).build());
        change.put(Service.builder("shop", "four.shop.svc.cluster.local").addresses(List.of(vip("10.96.0.4"))).build());
        change.put(Service.builder("shop", "none.example.com").build());
        change.put(Service.builder("shop", "many.shop.svc.cluster.local").build());
        for (int i = 1; i <= 60; i++) {
            change.put(Workload.builder("many-" + i, "shop").addresses(List.of(ip("10.1.0." + i)))
                    .services(Map.of(new ServiceName("shop", "many.shop.svc.cluster.local"), Ports.NONE)).build());
        }
        return change.build();
    }

    private String dig(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("dig", "@127.0.0.1", "-p", Integer.toString(PORT), "+tries=1", "+timeout=8"));
        command.addAll(Arrays.asList(arguments));
        return Tool.run(pod, command.toArray(String[]::new));
    }

    private String[] answers(String... arguments) throws IOException {
        List<String> all = new ArrayList<>(Arrays.asList(arguments));
        all.add("+short");
        return dig(all.toArray(String[]::new)).lines().sorted().toArray(String[]::new);
    }

    @Test
    void namesOfTheMeshAreAnsweredHere() throws Exception {
        assertThat(dig("web.shop.svc.cluster.local")).contains("status: NOERROR", "flags: qr aa rd ra;", "ANSWER: 1,",
                "web.shop.svc.cluster.local. 30\tIN\tA\t10.96.0.1");
        assertThat(answers("web.shop.svc.cluster.local", "AAAA")).containsExactly("fd00::1");
        assertThat(answers("+tcp", "WEB.shop.svc.cluster.local")).containsExactly("10.96.0.1");
        assertThat(dig("four.shop.svc.cluster.local", "AAAA")).as("no data").contains("status: NOERROR", "ANSWER: 0,");
        assertThat(upstream.numbers).isEmpty();
    }

    @Test
    void aSearchDomainThatTheResolverAddedIsTakenOff() throws Exception {
        assertThat(dig("web.shop.svc.cluster.local.shop.svc.cluster.local")).contains("CNAME web.shop.svc.cluster.local.",
                "web.shop.svc.cluster.local. 30\tIN\tA\t10.96.0.1");
    }

    @Test
    void whatIsTooLongForUdpComesOverTcp() throws Exception {
        assertThat(dig("+ignore", "+noedns", "many.shop.svc.cluster.local")).contains("flags: qr aa tc rd ra;", "ANSWER: 0,");
        assertThat(dig("+noedns", "many.shop.svc.cluster.local")).as("dig asks again").contains("ANSWER: 60,");
        assertThat(dig("+ignore", "+bufsize=4096", "many.shop.svc.cluster.local")).contains("ANSWER: 60,", "EDNS: version: 0");
    }

    @Test
    void otherNamesAreForwardedWithNumbersAndPortsOfTheirOwn() throws Exception {
        for (int i = 0; i < 8; i++) {
            assertThat(answers("plain" + i + ".example.com")).containsExactly("192.0.2.1");
        }
        assertThat(upstream.numbers).hasSizeGreaterThan(6);
        assertThat(upstream.ports).hasSizeGreaterThan(6);
        assertThat(answers("+tcp", "plain.example.com")).containsExactly("192.0.2.1");
        assertThat(counters.counts()).isEqualTo(new DnsCounters.Counts(0, 9, 0, 0));
        assertThat(durations()).extracting(point -> point.getLabels().get("request_protocol") + point.getClassicBuckets().stream()
                .mapToLong(ClassicHistogramBucket::getCount).sum()).containsExactlyInAnyOrder("udp8", "tcp1");
        counters.retain(Set.of());
        assertThat(durations()).as("no pod is there any more").isEmpty();
    }

    private List<HistogramDataPointSnapshot> durations() {
        return counters.collect().stream().filter(HistogramSnapshot.class::isInstance)
                .flatMap(snapshot -> ((HistogramSnapshot) snapshot).getDataPoints().stream()).toList();
    }

    @Test
    void anAnswerToAnotherQuestionOrFromElsewhereDoesntCount() throws Exception {
        assertThat(answers("spoof.example.com")).containsExactly("192.0.2.1");
    }

    @Test
    void longAnswersOfNameServers() throws Exception {
        assertThat(answers("big.example.com")).as("truncated, then asked over TCP").hasSize(100);
        assertThat(dig("+ignore", "huge.example.com")).contains("flags: qr tc", "ANSWER: 0,");
    }

    @Test
    void aNameThatExistsHereHasNoOtherRecordsRatherThanNone() throws Exception {
        assertThat(dig("none.example.org", "TXT")).contains("status: NXDOMAIN");
        assertThat(dig("none.example.com", "TXT")).contains("status: NOERROR", "ANSWER: 0,");
        assertThat(answers("none.example.com")).hasSize(1);
    }

    @Test
    void aSilentNameServerDelaysNobodyElse() throws Exception {
        try (DatagramChannel client = pod.<DatagramChannel, IOException>call(DatagramChannel::open)) {
            client.connect(new InetSocketAddress("127.0.0.1", PORT));
            for (int i = 0; i <= DnsProxy.MOST_WAITING; i++) {
                client.write(query(i, "slow" + i));
            }
            ByteBuffer answer = ByteBuffer.allocate(512);
            client.read(answer);
            assertThat(answer.getShort(0)).as("one more than may wait").isEqualTo((short) DnsProxy.MOST_WAITING);
            assertThat(answer.get(3) & 0xf).as("SERVFAIL").isEqualTo(2);
            assertThat(answers("web.shop.svc.cluster.local")).containsExactly("10.96.0.1");
            assertThat(counters.counts()).isEqualTo(new DnsCounters.Counts(1, DnsProxy.MOST_WAITING, 0, 1));
            client.read(answer.clear());
            assertThat(answer.get(3) & 0xf).as("SERVFAIL").isEqualTo(2);
        }
    }

    @Test
    void aQuestionOfAPodThatLeavesKeepsNoSocket() throws Exception {
        try (DatagramChannel client = pod.<DatagramChannel, IOException>call(DatagramChannel::open)) {
            client.connect(new InetSocketAddress("127.0.0.1", PORT));
            client.write(query(1, "slow"));
            while (upstream.numbers.isEmpty()) {
                Thread.onSpinWait();
            }
            assertThat(Tool.run(pod, "ss", "-Hnua", "dport", "=", "53")).isNotEmpty();

            proxy.close();
            loops.next().submit(() -> { }).sync();

            assertThat(Tool.run(pod, "ss", "-Hnua", "dport", "=", "53")).isEmpty();
            client.write(query(2, "plain"));
            ByteBuffer answer = ByteBuffer.allocate(512);
            for (short id = 1; id <= 2; id++) {
                client.read(answer.clear());
                assertThat(answer.getShort(0)).isEqualTo(id);
                assertThat(answer.get(3) & 0xf).as("SERVFAIL").isEqualTo(2);
            }
            assertThat(upstream.numbers).hasSize(1);
        }
    }

    /** Otherwise the answers would pile up in the proxy. */
    @Test
    void whoReadsNoAnswersMayNotGoOnAsking() throws Exception {
        byte[] many = new byte[] {0, 45, 0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4, 'm', 'a', 'n', 'y', 4, 's', 'h', 'o', 'p', 3, 's', 'v', 'c', 7, 'c', 'l', 'u',
            's', 't', 'e', 'r', 5, 'l', 'o', 'c', 'a', 'l', 0, 0, 1, 0, 1};
        try (SocketChannel client = pod.<SocketChannel, IOException>call(SocketChannel::open); Selector selector = Selector.open()) {
            client.connect(new InetSocketAddress("127.0.0.1", PORT));
            client.configureBlocking(false);
            client.register(selector, SelectionKey.OP_WRITE);
            ByteBuffer queries = ByteBuffer.allocate(many.length * 1000);
            for (int i = 0; i < 1000; i++) {
                queries.put(many);
            }
            long sent = 0;
            while (selector.select(2_000) > 0) {
                selector.selectedKeys().clear();
                queries.position((int) (sent % many.length));
                sent += client.write(queries);
                assertThat(sent).as("bytes of queries, with none of whose answers were read").isLessThan(64 << 20);
            }
            assertThat(answers("web.shop.svc.cluster.local")).containsExactly("10.96.0.1");
        }
    }

    @Test
    void brokenQueries() throws Exception {
        assertThat(dig("+opcode=UPDATE", "web.shop.svc.cluster.local")).contains("status: NOTIMP");
        try (DatagramChannel client = pod.<DatagramChannel, IOException>call(DatagramChannel::open)) {
            client.connect(new InetSocketAddress("127.0.0.1", PORT));
            for (byte[] broken : List.of(new byte[0], new byte[11], "garbage, that is".getBytes(java.nio.charset.StandardCharsets.US_ASCII))) {
                client.write(ByteBuffer.wrap(broken));
            }
            client.write(ByteBuffer.wrap(new byte[] {0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, (byte) 0xc0, 12, 0, 1, 0, 1})); // points to itself
            client.write(ByteBuffer.wrap(new byte[] {0, 8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0})); // no question
            ByteBuffer answer = ByteBuffer.allocate(512);
            for (short id : new short[] {'g' << 8 | 'a', 7, 8}) {
                client.read(answer.clear());
                assertThat(answer.getShort(0)).isEqualTo(id);
                assertThat(answer.get(3) & 0xf).as("FORMERR").isEqualTo(1);
            }
        }
    }

    @Test
    void aPodThatTheMeshDoesntKnowGetsNoAnswer() throws Exception {
        self = Optional.empty();
        assertThat(dig("web.shop.svc.cluster.local")).contains("status: SERVFAIL");
    }

    private static ByteBuffer query(int id, String label) {
        ByteBuffer query = ByteBuffer.allocate(64).putShort((short) id).putShort((short) 0x100).putShort((short) 1).putInt(0)
                .putShort((short) 0).put((byte) label.length()).put(label.getBytes(java.nio.charset.StandardCharsets.US_ASCII)).put((byte) 0);
        return query.putShort((short) 1).putShort((short) 1).flip();
    }

    private static NetworkAddress vip(String address) {
        return new NetworkAddress("", ip(address));
    }

    private static InetAddress ip(String text) {
        return NetUtil.createInetAddressFromIpAddressString(text);
    }
}
