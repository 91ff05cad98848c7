package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.ztunnel.FaultyPeer.Fault;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.dns.NameServers;
import io.inpod.examples.ztunnel.health.Counters;
import io.inpod.examples.ztunnel.health.OutboundFailures.Reason;
import io.inpod.examples.ztunnel.limit.LogLines;
import io.inpod.examples.ztunnel.limit.NameLookups;
import io.inpod.examples.ztunnel.live.Enforcement;
import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceBuilder;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.mesh.WorkloadBuilder;
import io.inpod.examples.ztunnel.ports.HolderSearch;
import io.inpod.examples.ztunnel.proxy.LocalAddresses;
import io.inpod.examples.ztunnel.proxy.PodProxy;
import io.inpod.examples.ztunnel.proxy.Shared;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/** An app of p connects through waypoints and gateways that fail: its connection ends in bounded time, and the log says why. */
@Timeout(120)
@Pods(3)
class FailingPeersTest {
    private static final String VIP = "10.96.0.1";
    private static boolean warm;
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final MeshState mesh = new MeshState();
    private final Logger logger = (Logger) LoggerFactory.getLogger("access");
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>() {
        @Override
        protected void append(ILoggingEvent event) {
            lines.add(event.getFormattedMessage());
        }
    };
    private final Counters counters = Counters.atZero();
    private DevelopmentCa ca;
    private Pod p;
    private Pod q;
    private Pod r;
    private PodProxy proxy;

    @BeforeEach
    void create(PodNetwork network, @TempDir Path directory) throws Exception {
        loops.forEach(loop -> loop.submit(() -> { }).awaitUninterruptibly()); // no thread may start in a pod
        ca = DevelopmentCa.open(directory);
        p = network.pod(0);
        q = network.pod(1);
        r = network.pod(2);
        log.start();
        logger.addAppender(log);
    }

    @AfterEach
    void close() throws Exception {
        logger.detachAppender(log);
        if (proxy != null) {
            proxy.stop();
        }
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    /** The first handshake, in which classes are loaded, may take longer than the deadlines here. */
    private void start(String deadline, Mesh state) throws Exception {
        if (!warm) {
            shakeHandsOnce();
            warm = true;
        }
        serve(deadline, state);
    }

    private void shakeHandsOnce() throws Exception {
        try (TunnelPeer peer = TunnelPeer.workload(q, ca, "sa-q", "q")) {
            serve("30s", Mesh.EMPTY.change().put(workload("p", p).build()).put(workload("q", q).build()).build());
            assertThat(ask(q.address().getHostAddress())).isEqualTo('q');
            assertThat(peer.requests).hasSize(1);
            proxy.stop();
        }
    }

    private void serve(String deadline, Mesh state) throws Exception {
        mesh.replace(state);
        ProxyConfig config = ProxyConfig.from(Map.of("FAKE_CA", "true", "LOCAL_XDS", "workloads: []", "NODE_NAME", "test",
                "NETWORK", "near", "UNSTABLE_ENABLE_SOCKS5", "true", "INPOD_CONNECT_DEADLINE", deadline));
        Shared shared = new Shared(config, mesh, ca, loops, new LocalAddresses(), new NameServers(Path.of("/etc/resolv.conf")),
                new NameLookups(Runnable::run, 1, NameLookups.Resolver.SYSTEM),
                new HolderSearch(Runnable::run, (namespace, inodes) -> null, System::nanoTime), new OwnConnections(), config.limits().holdings(),
                new LogLines(1000), Enforcement.of(mesh, Runnable::run), counters, Runnable::run, null);
        proxy = PodProxy.start(shared, new WorkloadInfo("p", "default", "sa-p"), p.namespace().duplicate());
    }

    /** The steps have limits of their own, a third of the deadline; only the answer may take as long as the whole. */
    @ParameterizedTest
    @CsvSource({"RESETS, 600ms, Connection reset, OTHER", "SILENT, 600ms, TLS: handshake timed out after 200ms, OTHER",
        "TLS_ONLY, 1500ms, PT0.5S, OTHER", "SETTINGS_ONLY, 1500ms, no connection within 1500 ms (INPOD_CONNECT_DEADLINE), TIMEOUT"})
    void aWaypointThatFailsEndsTheConnection(Fault fault, String deadline, String reason, Reason counted) throws Exception {
        start(deadline, behindWaypoint());
        try (FaultyPeer waypoint = new FaultyPeer(r, ca, "sa-r", fault)) {
            assertThat(refused()).contains("connection failed", "dst.waypoint=\"c//Pod/default/r\"", reason).doesNotContain("passed_over");
            assertThat(waypoint.accepted).hasPositiveValue();
            assertThat(counters.outbound().count(counted)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @CsvSource({"RESETS, Connection reset", "SILENT, TLS: handshake timed out after 200ms"})
    void aGatewayThatFailsEndsTheConnection(Fault fault, String reason) throws Exception {
        start("600ms", behindGateway(gateway(q)));
        try (FaultyPeer gateway = new FaultyPeer(q, ca, "sa-q", fault)) {
            assertThat(refused()).contains("connection failed", q.address().getHostAddress() + ":15008", reason).doesNotContain("passed_over");
            assertThat(gateway.accepted).hasPositiveValue();
        }
    }

    @Test
    void aWaypointsAnswerIsTheReason() throws Exception {
        start("30s", behindWaypoint());
        try (TunnelPeer waypoint = TunnelPeer.refusing(r, ca, "sa-r", 503)) {
            assertThat(refused()).contains("connection failed", "refused with status 503");
            assertThat(waypoint.requests).hasSize(1);
            assertThat(counters.outbound().count(Reason.ANSWERED)).isEqualTo(1);
        }
    }

    @Test
    void whatAGatewayAnswersIsNotTriedElsewhere() throws Exception {
        start("30s", behindGateway(new Gateway(new ServiceName("default", "gateways.local"), 15008)));
        try (TunnelPeer refusing = TunnelPeer.refusing(q, ca, "sa-q", 503); TunnelPeer working = TunnelPeer.gateway(r, ca, "sa-r", "sa-far", "f")) {
            while (refusing.requests.isEmpty()) {
                int before = working.inner.size();
                try (Socket client = ShareScene.ask(p, VIP, 80)) {
                    int answer = ShareScene.answer(client);
                    assertThat(answer == 0).isEqualTo(refusing.requests.isEmpty());
                    assertThat(working.inner).hasSize(answer == 0 ? before + 1 : before);
                }
            }
            assertThat(line("connection failed")).contains("refused with status 503", q.address().getHostAddress() + ":15008");
        }
    }

    @Test
    void theAnswerWithinAGatewaysTunnelIsTheReason() throws Exception {
        start("30s", behindGateway(gateway(q)));
        try (TunnelPeer gateway = TunnelPeer.gatewayToRefusal(q, ca, "sa-q", "sa-far", 503)) {
            assertThat(refused()).contains("connection failed", "refused with status 503");
            assertThat(gateway.inner).hasSize(1);
            assertThat(counters.outbound().count(Reason.ANSWERED)).isEqualTo(1);
        }
    }

    @Test
    void aGatewaysTunnelThatEndsBeforeTheInnerHandshakeEndsTheConnection() throws Exception {
        start("30s", behindGateway(gateway(q)));
        try (TunnelPeer gateway = TunnelPeer.gatewayToNowhere(q, ca, "sa-q")) {
            assertThat(refused()).contains("connection failed", "HBONE connection to " + q.address().getHostAddress() + ":15008 failed");
            assertThat(gateway.requests).isNotEmpty();
        }
    }

    @Test
    void aWaypointThatResetsInMidStreamEndsTheConnection() throws Exception {
        start("30s", behindWaypoint());
        try (TunnelPeer waypoint = TunnelPeer.workload(r, ca, "sa-r", "w"); Socket client = ShareScene.ask(p, VIP, 80)) {
            assertThat(ShareScene.answer(client)).isZero();
            assertThat(client.getInputStream().read()).isEqualTo('w');
            waypoint.stop();

            assertThat(end(client)).isEqualTo("Connection reset");
            assertThat(line("connection complete")).contains("bytes_recv=1", "error=\"upstream: ");
        }
    }

    @ParameterizedTest
    @CsvSource({"RESETS", "SETTINGS_ONLY"})
    void anotherEndpointIsTriedAfterAThirdOfTheTime(Fault fault) throws Exception {
        start("3s", Mesh.EMPTY.change().put(workload("p", p).build()).put(endpoint("q", q, "web.local").build())
                .put(endpoint("r", r, "web.local").build()).put(service("web.local").build()).build());
        try (FaultyPeer faulty = new FaultyPeer(q, ca, "sa-q", fault); TunnelPeer working = TunnelPeer.workload(r, ca, "sa-r", "r")) {
            assertThat(ask(r.address().getHostAddress())).isEqualTo('r');
            while (faulty.accepted.get() == 0) {
                assertThat(ask(VIP)).isEqualTo('r');
            }
            assertThat(line("passed_over=1")).contains(r.address().getHostAddress() + ":15008");
            assertThat(working.requests).isNotEmpty();
        }
    }

    private Mesh behindWaypoint() throws IOException {
        return Mesh.EMPTY.change().put(workload("p", p).build()).put(workload("r", r).build())
                .put(service("web.local").waypoint(gateway(r)).build()).build();
    }

    private Mesh behindGateway(Gateway gateway) throws IOException {
        return Mesh.EMPTY.change().put(workload("p", p).build()).put(endpoint("q", q, "gateways.local").build())
                .put(endpoint("r", r, "gateways.local").build())
                .put(Service.builder("default", "gateways.local").ports(new Ports(Map.of(15008, 15008))).build())
                .put(endpoint("far", null, "web.local").network("far").networkGateway(gateway).build())
                .put(service("web.local").subjectAltNames(List.of("spiffe://cluster.local/ns/default/sa/sa-far")).build()).build();
    }

    /** Connects, is refused, and returns the line about it. */
    private String refused() throws Exception {
        try (Socket client = ShareScene.ask(p, VIP, 80)) {
            assertThat(ShareScene.answer(client)).isPositive();
        }
        return line("connection failed");
    }

    private char ask(String host) throws IOException {
        try (Socket client = ShareScene.ask(p, host, 80)) {
            assertThat(ShareScene.answer(client)).isZero();
            return (char) client.getInputStream().read();
        }
    }

    private static String end(Socket client) throws IOException {
        try {
            return "read " + client.getInputStream().read();
        } catch (SocketException e) {
            return e.getMessage();
        }
    }

    private String line(String text) throws InterruptedException {
        for (;;) {
            String line = lines.poll(30, TimeUnit.SECONDS);
            assertThat(line).as("a line with " + text).isNotNull();
            if (line.contains(text)) {
                return line;
            }
        }
    }

    private static WorkloadBuilder workload(String name, Pod pod) {
        return Workload.builder("c//Pod/default/" + name, "default").name(name).serviceAccount("sa-" + name).network("near").node("test")
                .addresses(pod == null ? List.of() : List.of(pod.address())).hbone(true);
    }

    private static WorkloadBuilder endpoint(String name, Pod pod, String service) {
        return workload(name, pod).services(Map.of(new ServiceName("default", service), Ports.NONE));
    }

    private static ServiceBuilder service(String hostname) throws IOException {
        return Service.builder("default", hostname).addresses(List.of(new NetworkAddress("near", InetAddress.getByName(VIP))))
                .ports(new Ports(Map.of(80, 8080)));
    }

    private static Gateway gateway(Pod pod) {
        return new Gateway(new NetworkAddress("near", pod.address()), 15008);
    }
}
