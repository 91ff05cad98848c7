package io.inpod.examples.ztunnel.ca;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.grpc.Status;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.dns.NameServers;
import io.inpod.examples.ztunnel.health.Counters;
import io.inpod.examples.ztunnel.inpod.StateManager;
import io.inpod.examples.ztunnel.limit.LogLines;
import io.inpod.examples.ztunnel.limit.NameLookups;
import io.inpod.examples.ztunnel.live.Enforcement;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.ports.HolderSearch;
import io.inpod.examples.ztunnel.proxy.LocalAddresses;
import io.inpod.examples.ztunnel.proxy.Shared;
import io.inpod.examples.ztunnel.trace.Traces;
import io.inpod.hbone.Authority;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.client.Connector;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.identity.WorkloadCertificate;
import io.inpod.netns.socket.NettyChannels;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Instant;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Two pods whose certificates come from a CA that speaks Istio's protocol; an app of a connects to an app in b, which returns what it gets. */
@Timeout(120)
@Pods(2)
class CaEndToEndTest {
    private static final int APP = 8080;
    private static final String TRUST = "spiffe://cluster.local/ns/default/sa/";

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final ScheduledExecutorService control = Executors.newSingleThreadScheduledExecutor();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final MeshState mesh = new MeshState();
    private final BlockingQueue<String> log = new LinkedBlockingQueue<>();
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            log.add(event.getFormattedMessage());
        }
    };
    private final Counters counters = Counters.atZero();
    private Path home;
    private TestCa ca;
    private Certificates certificates;
    private StateManager state;
    private ServerSocketChannel app;
    private Pod a;
    private Pod b;

    @BeforeEach
    void start(PodNetwork network, @TempDir Path directory) throws Exception {
        appender.start();
        ((Logger) LoggerFactory.getLogger("access")).addAppender(appender);
        home = directory;
        a = network.pod(0);
        b = network.pod(1);
        ca = new TestCa(home);
        loops.forEach(loop -> loop.submit(() -> { }).awaitUninterruptibly()); // no thread may start in a pod
        control.submit(() -> { }).get();
        app = b.namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
        app.bind(new InetSocketAddress("0.0.0.0", APP));
        threads.execute(this::serveApp);
        Tool.run(b.namespace(), "ip", "rule", "add", "ipproto", "tcp", "sport", "" + APP, "lookup", "100");
        Tool.run(b.namespace(), "ip", "route", "add", "local", "default", "dev", "lo", "table", "100");
        mesh.replace(Mesh.EMPTY.change().put(workload("a", a)).put(workload("b", b)).build());
    }

    private static Workload workload(String name, Pod pod) {
        return Workload.builder(name, "default").name(name).serviceAccount("sa-" + name).node("test").hbone(true).addresses(List.of(pod.address())).build();
    }

    private void serve(String... settings) throws Exception {
        ProxyConfig config = ca.config(settings);
        certificates = Certificates.open(config, Map.of(), control);
        Shared shared = new Shared(config, mesh, certificates.source(), certificates.tls(), loops, new LocalAddresses(),
                new NameServers(Path.of("/etc/resolv.conf")), new NameLookups(Runnable::run, 1, NameLookups.Resolver.SYSTEM),
                new HolderSearch(Runnable::run, (namespace, inodes) -> null, System::nanoTime), new OwnConnections(), config.limits().holdings(),
                new LogLines(10_000_000), Enforcement.of(mesh, Runnable::run), counters, Runnable::run, null, Traces.NONE);
        try (NetworkNamespace own = NetworkNamespace.current()) {
            state = new StateManager(shared, own.identity(), lost -> { });
        }
        certificates.watch(control, state::revoked);
        state.add("a", new WorkloadInfo("a", "default", "sa-a"), a.namespace().duplicate());
        state.add("b", new WorkloadInfo("b", "default", "sa-b"), b.namespace().duplicate());
    }

    private void serveApp() {
        while (app.isOpen()) {
            try {
                Socket socket = app.accept().socket();
                threads.execute(() -> {
                    try (socket) {
                        socket.getInputStream().transferTo(socket.getOutputStream());
                    } catch (IOException e) {
                        // reset
                    }
                });
            } catch (IOException e) {
                return; // the end
            }
        }
    }

    @AfterEach
    void stop() throws Exception {
        ((Logger) LoggerFactory.getLogger("access")).detachAppender(appender);
        if (state != null) {
            state.drain(java.time.Duration.ZERO);
            assertThat(certificates.statuses()).as("after the last pod").isEmpty();
            certificates.close();
        }
        app.close();
        ca.close();
        control.shutdownNow();
        threads.shutdownNow();
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    /** Connects from a to b through the SOCKS5 proxy of a, and returns the connection if it is served. */
    private Socket connect() throws IOException {
        Socket socket = a.namespace().<SocketChannel, IOException>call(SocketChannel::open).socket();
        socket.setSoTimeout(30_000);
        socket.connect(new InetSocketAddress("127.0.0.1", 15080), 30_000);
        socket.getOutputStream().write(HexFormat.of().parseHex("05010005010001" + HexFormat.of().formatHex(b.address().getAddress()) + String.format("%04x", APP)));
        byte[] answer = socket.getInputStream().readNBytes(12);
        if (answer.length < 12 || answer[3] != 0) {
            socket.close();
            throw new IOException("refused");
        }
        return socket;
    }

    private static void echo(Socket socket) throws IOException {
        socket.getOutputStream().write(7);
        assertThat(socket.getInputStream().read()).isEqualTo(7);
    }

    private String line(String text) throws InterruptedException {
        for (;;) {
            String line = log.poll(20, TimeUnit.SECONDS);
            assertThat(line).as("a line with " + text).isNotNull();
            if (line.contains(text)) {
                return line;
            }
        }
    }

    /** What b shows on port 15008, as openssl sees it. */
    private String shown(String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of("openssl", "s_client", "-connect", b.address().getHostAddress() + ":15008", "-alpn", "h2", "-showcerts",
                "-CAfile", home.resolve("mesh-root.pem").toString()));
        command.addAll(List.of(options));
        return Tool.tryRun(a.namespace(), command.toArray(String[]::new)).output();
    }

    @Test
    void podsSpeakWithCertificatesOfTheCaAndRevokedOnesAreCutOff() throws Exception {
        Files.writeString(home.resolve("mesh-root.pem"), TestAuthority.pem(ca.root.certificate()));
        Files.writeString(home.resolve("crl.pem"), "");
        serve("CRL_PATH", home.resolve("crl.pem").toString());
        assertThat(List.of(ca.next().identity(), ca.next().identity())).containsExactlyInAnyOrder(TRUST + "sa-a", TRUST + "sa-b");
        try (Socket connection = connect(); Foreign foreign = new Foreign()) {
            echo(connection);
            X509Certificate leaf = certificates.source().certificate(SpiffeId.parse(TRUST + "sa-b")).chain().get(0);
            assertThat(shown()).contains("Verify return code: 0 (ok)", TestAuthority.pem(leaf), TestAuthority.pem(ca.intermediate.certificate()))
                    .doesNotContain(TestAuthority.pem(ca.root.certificate()));

            TunnelChannel tunnel = foreign.ask().sync().getNow();
            revoke(foreign.leaf);
            line("error=\"connection closed: a certificate was revoked\"");
            assertThat(tunnel.closeFuture().await(30_000)).isTrue();
            List<String> lines = new ArrayList<>();
            while (lines.stream().noneMatch(line -> line.contains("a certificate in it is revoked"))) { // until the old connection is gone
                assertThat(foreign.ask().await().isSuccess()).as("%s", lines).isFalse();
                log.drainTo(lines);
            }
            echo(connection);
        }
        assertThat(ca.asked).as("nothing else was asked for").isEmpty();
        assertThat(counted("istio_crl_policy_rejections", "destination")).as("the connection that was ended, and a handshake").isGreaterThanOrEqualTo(2);
        assertThat(counted("istio_crl_policy_rejections", "source")).isZero();
        assertThat(counted("istio_crl_untracked_connections", "destination")).isZero();
    }

    /** A key that somebody else has speaks for the pod as well as the pod's peers do. */
    @Test
    void aPodWhoseOwnCertificateIsRevokedIsCutOffUntilItHasAnother() throws Exception {
        Files.writeString(home.resolve("crl.pem"), "");
        serve("CRL_PATH", home.resolve("crl.pem").toString());
        assertThat(List.of(ca.next().identity(), ca.next().identity())).containsExactlyInAnyOrder(TRUST + "sa-a", TRUST + "sa-b");
        try (Foreign foreign = new Foreign()) {
            TunnelChannel tunnel = foreign.ask().sync().getNow();
            revoke(certificates.source().certificate(SpiffeId.parse(TRUST + "sa-b")).chain().get(0));
            line("error=\"connection closed: a certificate was revoked\"");
            assertThat(tunnel.closeFuture().await(30_000)).isTrue();
            assertThat(List.of(ca.next().identity(), ca.next().identity())).as("asked for again").containsExactlyInAnyOrder(TRUST + "sa-a", TRUST + "sa-b");
            while (!foreign.ask().await().isSuccess()) {
                assertThat(certificates.statuses()).hasSize(2);
            }
        }
        assertThat(ca.asked).as("once").isEmpty();
    }

    /** It is tried again every few seconds; its certificate would be asked for each time. */
    @Test
    void aPodThatCantBeServedHasNoCertificateAskedFor() throws Exception {
        try (ServerSocketChannel taker = b.namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open)) {
            taker.bind(new InetSocketAddress("0.0.0.0", 15008));
            assertThatThrownBy(this::serve).isInstanceOf(IOException.class);
            for (int i = 0; i < 3; i++) {
                state.refresh();
            }
            assertThat(certificates.statuses()).extracting(status -> status.identity().toString()).containsExactly(TRUST + "sa-a");
        }
        state.refresh();
        assertThat(List.of(ca.next().identity(), ca.next().identity())).containsExactly(TRUST + "sa-a", TRUST + "sa-b");
        try (Socket connection = connect()) {
            echo(connection);
        }
        assertThat(ca.asked).isEmpty();
    }

    private void revoke(X509Certificate certificate) throws Exception {
        Path list = Files.writeString(home.resolve("crl.new"), TestAuthority.pem(ca.intermediate.revoking(certificate)));
        Files.move(list, home.resolve("crl.pem"), StandardCopyOption.ATOMIC_MOVE);
    }

    /** A client on another node, with a certificate that this CA has issued. */
    private final class Foreign implements AutoCloseable {
        private final SpiffeId identity = SpiffeId.parse(TRUST + "sa-x");
        private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
        private final X509Certificate leaf;
        private final HboneClient client;

        Foreign() throws Exception {
            KeyPair keys = KeyPairGenerator.getInstance("EC").generateKeyPair();
            leaf = ca.intermediate.workload(identity.toString(), keys.getPublic(), Instant.now().minusSeconds(10), Instant.now().plusSeconds(3600));
            WorkloadCertificate own = new WorkloadCertificate(keys.getPrivate(), List.of(leaf, ca.intermediate.certificate()), List.of(ca.root.certificate()));
            client = new HboneClient(loop, wanted -> own, Connector.of(NettyChannels.client(a.namespace())));
        }

        Future<TunnelChannel> ask() {
            return client.connect(new HboneDestination(identity, SpiffeId.parse(TRUST + "sa-b"), new InetSocketAddress(b.address(), 15008)),
                    Authority.parse(b.address().getHostAddress() + ":" + APP), List.of(), new ChannelInboundHandlerAdapter() {
                        @Override
                        public void exceptionCaught(ChannelHandlerContext context, Throwable reset) {
                            // when it is cut
                        }
                    });
        }

        @Override
        public void close() {
            client.close();
            loop.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        }
    }

    /** As openssl sees it. */
    @ParameterizedTest(name = "TLS12_ENABLED={0}")
    @ValueSource(booleans = {false, true})
    void tls12IsSpokenOnlyIfItIsEnabled(boolean isEnabled) throws Exception {
        Files.writeString(home.resolve("mesh-root.pem"), TestAuthority.pem(ca.root.certificate()));
        serve("TLS12_ENABLED", Boolean.toString(isEnabled));
        try (Socket connection = connect()) {
            echo(connection); // certificates are there
        }
        assertThat(shown("-tls1_2").contains("BEGIN CERTIFICATE")).isEqualTo(isEnabled);
        assertThat(shown("-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-SHA256")).doesNotContain("BEGIN CERTIFICATE");
        assertThat(shown("-tls1_1")).doesNotContain("BEGIN CERTIFICATE");
        assertThat(shown("-tls1_3")).contains("BEGIN CERTIFICATE");
    }

    private double counted(String name, String reporter) {
        return counters.traffic().collect().stream().filter(metric -> metric.getMetadata().getName().equals(name))
                .flatMap(metric -> metric.getDataPoints().stream()).filter(point -> point.getLabels().get("reporter").equals(reporter))
                .mapToDouble(point -> ((CounterDataPointSnapshot) point).getValue()).sum();
    }

    private boolean isServed() {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(7);
            return socket.getInputStream().read() == 7;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void certificatesAreRenewedAndWithoutACaTheyExpireAndConnectionsAreRefused() throws Exception {
        ca.behaviour = (asked, to) -> ca.issue(asked, to, 3);
        serve();
        ca.next();
        ca.next();
        String before = null;
        while (before == null) { // until the first one is there
            try {
                before = certificates.source().certificate(SpiffeId.parse(TRUST + "sa-b")).toString();
            } catch (IOException e) {
                Thread.onSpinWait();
            }
        }
        while (!ca.next().identity().equals(TRUST + "sa-b")) {
            assertThat(ca.asked).hasSizeLessThan(10);
        }
        while (certificates.source().certificate(SpiffeId.parse(TRUST + "sa-b")).toString().equals(before)) {
            Thread.onSpinWait();
        }
        try (Socket connection = connect()) {
            echo(connection);
        }

        ca.behaviour = (asked, to) -> to.onError(Status.PERMISSION_DENIED.withDescription("not this node").asException());
        while (isServed()) {
            assertThat(certificates.statuses()).hasSize(2);
        }
        String expired = null;
        while (expired == null) { // that of b may have expired before
            assertThat(isServed()).isFalse();
            List<String> lines = new ArrayList<>();
            log.drainTo(lines);
            expired = lines.stream().filter(line -> line.contains("the certificate of " + TRUST + "sa-a has expired at")).findFirst().orElse(null);
        }
        assertThat(expired).contains("PERMISSION_DENIED: not this node");
    }
}
