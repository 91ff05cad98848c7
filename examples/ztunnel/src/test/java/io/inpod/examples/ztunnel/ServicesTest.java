package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.dns.NameServers;
import io.inpod.examples.ztunnel.health.Counters;
import io.inpod.examples.ztunnel.live.Enforcement;
import io.inpod.examples.ztunnel.limit.LogLines;
import io.inpod.examples.ztunnel.limit.NameLookups;
import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.Locality;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceBuilder;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Telemetry;
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
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Label;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What the decisions about services lead to: an app of p connects, and q and r are peers that aren't ours. */
@Timeout(120)
@Pods(3)
class ServicesTest {
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final MeshState mesh = new MeshState();
    private final Map<String, InetAddress> names = new ConcurrentHashMap<>();
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
    }

    @AfterEach
    void close() throws Exception {
        if (proxy != null) {
            proxy.stop();
        }
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    private void start(Mesh state, String... settings) throws Exception {
        mesh.replace(state);
        Map<String, String> environment = new HashMap<>(Map.of("FAKE_CA", "true", "LOCAL_XDS", "workloads: []", "NODE_NAME", "test",
                "NETWORK", "near", "UNSTABLE_ENABLE_SOCKS5", "true"));
        for (String setting : settings) {
            environment.put(setting.split("=")[0], setting.split("=")[1]);
        }
        ProxyConfig config = ProxyConfig.from(environment);
        Shared shared = new Shared(config, mesh, ca, loops, new LocalAddresses(), new NameServers(Path.of("/etc/resolv.conf")),
                new NameLookups(Runnable::run, 1, this::lookUp),
                new HolderSearch(Runnable::run, (namespace, inodes) -> null, System::nanoTime), new OwnConnections(), config.limits().holdings(),
                new LogLines(1000), Enforcement.of(mesh, Runnable::run), counters, Runnable::run, null);
        proxy = PodProxy.start(shared, new WorkloadInfo("p", "default", "sa-p"), p.namespace().duplicate());
    }

    private List<InetAddress> lookUp(String name) throws UnknownHostException {
        InetAddress address = names.get(name);
        if (address == null) {
            throw new UnknownHostException(name);
        }
        return List.of(address);
    }

    @Test
    void aServicesEndpointsShareItsClientsAndOneThatRefusesIsPassedOver() throws Exception {
        start(Mesh.EMPTY.change().put(workload("p", p).build()).put(endpoint("q", q, "web.local").build())
                .put(endpoint("r", r, "web.local").build()).put(service("web.local", "10.96.0.1").build()).build());
        try (TunnelPeer first = TunnelPeer.workload(q, ca, "sa-q", "q"); TunnelPeer second = TunnelPeer.workload(r, ca, "sa-r", "r")) {
            Set<Character> served = new TreeSet<>();
            while (served.size() < 2) {
                served.add(ask("10.96.0.1"));
            }
            assertThat(second.requests.get(0)).startsWith(r.address().getHostAddress() + ":8080 ").contains("forwarded=for=").contains("host=web.local");
            first.stop();

            for (int i = 0; i < 30; i++) { // among these, each endpoint would be the first choice at least once
                assertThat(ask("web.local")).isEqualTo('r');
            }
        }
    }

    @Test
    void aWaypointIsAskedForWhatTheClientAskedFor() throws Exception {
        start(Mesh.EMPTY.change().put(workload("p", p).build()).put(workload("r", r).build())
                .put(service("web.local", "10.96.0.1").waypoint(gateway(r)).build()).build());
        try (TunnelPeer waypoint = TunnelPeer.workload(r, ca, "sa-r", "w")) {
            assertThat(ask("10.96.0.1")).isEqualTo('w');
            assertThat(ask("web.local")).isEqualTo('w');

            assertThat(waypoint.requests).extracting(request -> request.substring(0, request.indexOf(' '))).containsExactly("10.96.0.1:80", "web.local:80");
        }
    }

    /** The recorded cases connect-direct, connect-svc and connect-svc-waypoint. */
    @Test
    void peersAreAskedWithTheHeadersThatIstiosSends() throws Exception {
        start(Mesh.EMPTY.change().put(workload("p", p).locality(new Locality("r1", "z1", ""))
                .telemetry(new Telemetry("deployment", "client-deploy", "client-app", "v1", "Kubernetes")).build())
                .put(endpoint("q", q, "svc.default.svc.cluster.local").build()).put(workload("r", r).build())
                .put(service("svc.default.svc.cluster.local", "10.99.0.1").build())
                .put(service("wsvc.default.svc.cluster.local", "10.99.0.2").waypoint(gateway(r)).build()).build());
        try (TunnelPeer peer = TunnelPeer.workload(q, ca, "sa-q", "q"); TunnelPeer waypoint = TunnelPeer.workload(r, ca, "sa-r", "w")) {
            assertThat(ask(q.address().getHostAddress())).isEqualTo('q');
            assertThat(ask("10.99.0.1")).isEqualTo('q');
            assertThat(ask("10.99.0.2")).isEqualTo('w');

            String address = q.address().getHostAddress();
            assertThat(peer.requests.get(0)).matches(recorded(address + ":80", ""));
            assertThat(peer.requests.get(1)).matches(recorded(address + ":8080", ";host=svc.default.svc.cluster.local"));
            assertThat(waypoint.requests.get(0)).matches(recorded("10.99.0.2:80", ";host=wsvc.default.svc.cluster.local"));
        }
    }

    private static String recorded(String authority, String host) {
        return "\\Q" + authority + " baggage=k8s.cluster.name=Kubernetes,k8s.namespace.name=default,k8s.deployment.name=client-deploy,"
                + "service.name=client-app,service.version=v1,cloud.region=r1,cloud.availability_zone=z1 forwarded=for=\"127.0.0.1:\\E\\d+\\Q\"" + host
                + " traceparent=00-\\E[0-9a-f]{32}-[0-9a-f]{16}-00";
    }

    @Test
    void aWaypointThatCanNotBeReachedOrRefusesIsNotPassedBy() throws Exception {
        start(Mesh.EMPTY.change().put(workload("p", p).build()).put(workload("r", r).build()).put(endpoint("q", q, "web.local").build())
                .put(service("web.local", "10.96.0.1").waypoint(gateway(r)).build()).build());
        try (TunnelPeer endpoint = TunnelPeer.workload(q, ca, "sa-q", "q")) {
            assertThat(refused("10.96.0.1")).isEqualTo(5);
            try (TunnelPeer waypoint = TunnelPeer.refusing(r, ca, "sa-r", 503)) {
                assertThat(refused("10.96.0.1")).isEqualTo(1);
                assertThat(waypoint.requests).hasSize(1);
            }
            assertThat(endpoint.requests).isEmpty();
        }
    }

    @Test
    void anEndpointThatAnswers503IsPassedOverAndOneThatAnswers401IsNot() throws Exception {
        start(Mesh.EMPTY.change().put(workload("p", p).build()).put(endpoint("q", q, "web.local").build())
                .put(endpoint("r", r, "web.local").build()).put(service("web.local", "10.96.0.1").build()).build());
        try (TunnelPeer working = TunnelPeer.workload(r, ca, "sa-r", "r")) {
            try (TunnelPeer broken = TunnelPeer.refusing(q, ca, "sa-q", 503)) {
                while (broken.requests.isEmpty()) {
                    assertThat(ask("10.96.0.1")).isEqualTo('r');
                }
            }
            assertThat(working.requests).isNotEmpty();
        }
        mesh.replace(mesh.get().change().removeWorkload("c//Pod/default/r").build());
        try (TunnelPeer denying = TunnelPeer.refusing(q, ca, "sa-q", 401)) {
            assertThat(refused("10.96.0.1")).isEqualTo(2);
            assertThat(denying.requests).hasSize(1);
        }
    }

    @Test
    void aWorkloadWithoutAddressesIsLookedUp() throws Exception {
        names.put("r.example", r.address());
        start(Mesh.EMPTY.change().put(workload("p", p).build()).put(endpoint("r", null, "web.local").hostname("r.example").build())
                .put(service("web.local", "10.96.0.1").build()).build());
        try (TunnelPeer peer = TunnelPeer.workload(r, ca, "sa-r", "r")) {
            assertThat(ask("10.96.0.1")).isEqualTo('r');
            assertThat(peer.requests.get(0)).startsWith(r.address().getHostAddress() + ":8080 ");

            names.clear();
            assertThat(refused("10.96.0.1")).isEqualTo(4);
        }
        assertThat(counters.hostnames().collect().stream().flatMap(metric -> metric.getDataPoints().stream())).singleElement()
                .isInstanceOfSatisfying(CounterDataPointSnapshot.class, looked -> {
                    assertThat(looked.getValue()).isEqualTo(2);
                    assertThat(looked.getLabels().stream().map(Label::getName)).containsExactlyInAnyOrder("source_workload", "source_canonical_service",
                            "source_canonical_revision", "source_workload_namespace", "source_principal", "source_app", "source_version", "source_cluster", "hostname");
                    assertThat(looked.getLabels().get("hostname")).isEqualTo("r.example");
                    assertThat(looked.getLabels().get("source_principal")).isEqualTo("spiffe://cluster.local/ns/default/sa/sa-p");
                });
        counters.hostnames().retain(Set.of());
        assertThat(counters.hostnames().collect().stream().flatMap(metric -> metric.getDataPoints().stream())).as("when no such pod is left").isEmpty();
    }

    @Test
    void anotherNetworkIsReachedThroughItsGatewayByFewConnectionsInTurn() throws Exception {
        start(Mesh.EMPTY.change().put(workload("p", p).build()).put(workload("gateway", q).build())
                .put(endpoint("far", null, "web.local").network("far").networkGateway(gateway(q)).build())
                .put(service("web.local", "10.96.0.1").subjectAltNames(List.of("spiffe://cluster.local/ns/default/sa/sa-far")).build()).build());
        try (TunnelPeer gateway = TunnelPeer.gateway(q, ca, "sa-gateway", "sa-far", "f")) {
            for (int i = 0; i < 20; i++) {
                assertThat(ask("10.96.0.1")).isEqualTo('f');
            }

            assertThat(gateway.requests).hasSize(4).allMatch(request -> request.startsWith("web.local:80 ") && !request.contains("x-forwarded-network"));
            assertThat(gateway.inner).hasSize(20)
                    .allMatch(request -> request.startsWith("web.local:80 ") && request.endsWith(" x-forwarded-network=near"));
        }
    }

    @Test
    void theEndOfAnInnerTunnelMustHaveAnIdentityOfTheService() throws Exception {
        start(Mesh.EMPTY.change().put(workload("p", p).build()).put(workload("gateway", q).build())
                .put(endpoint("far", null, "web.local").network("far").networkGateway(gateway(q)).build())
                .put(service("web.local", "10.96.0.1").subjectAltNames(List.of("spiffe://cluster.local/ns/default/sa/sa-far")).build()).build());
        try (TunnelPeer gateway = TunnelPeer.gateway(q, ca, "sa-gateway", "sa-gateway", "f")) {
            assertThat(refused("10.96.0.1")).isEqualTo(1);
            assertThat(gateway.requests).isNotEmpty();
            assertThat(gateway.inner).isEmpty();
        }
    }

    @Test
    void anAddressWithoutARouteIsNamedAsSuch() throws Exception {
        start(Mesh.EMPTY.change().put(workload("p", p).build()).put(workload("far", null).addresses(List.of(InetAddress.getByName("192.0.2.2"))).build())
                .build());
        Tool.run(p.namespace(), "ip", "route", "add", "unreachable", "192.0.2.0/24");
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        ((Logger) LoggerFactory.getLogger("access")).addAppender(log);
        try {
            assertThat(refused("192.0.2.1")).isEqualTo(4);
            assertThat(refused("192.0.2.2")).isEqualTo(4);
        } finally {
            ((Logger) LoggerFactory.getLogger("access")).detachAppender(log);
        }
        assertThat(log.list).extracting(ILoggingEvent::getFormattedMessage).satisfiesExactly(
                plaintext -> assertThat(plaintext).endsWith("error=\"no route to the host: 192.0.2.1:80\""),
                tunnel -> assertThat(tunnel).endsWith("failed: no route to the host: 192.0.2.2:15008\""));
    }

    @Test
    void aPodReachesItselfThroughItsService() throws Exception {
        start(Mesh.EMPTY.change().put(endpoint("p", p, "web.local").build()).put(service("web.local", "10.96.0.1").build()).build());
        try (ServerSocketChannel app = p.namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open)) {
            app.bind(new InetSocketAddress(p.address(), 8080));
            for (String host : List.of("10.96.0.1", p.address().getHostAddress())) {
                try (Socket client = ShareScene.ask(p, host, host.startsWith("10.96") ? 80 : 8080)) {
                    assertThat(ShareScene.answer(client)).isZero();
                    try (Socket accepted = app.accept().socket()) {
                        accepted.getOutputStream().write('p');
                        assertThat(client.getInputStream().read()).isEqualTo('p');
                    }
                }
            }
        }
    }

    @Test
    void withoutPassthroughOnlyTheMeshIsReached() throws Exception {
        start(Mesh.EMPTY.change().put(workload("p", p).build()).put(workload("r", r).build()).build(), "INPOD_PASSTHROUGH=DENY");
        try (TunnelPeer known = TunnelPeer.workload(r, ca, "sa-r", "r"); ServerSocketChannel unknown = listen(q)) {
            assertThat(unknown.isOpen()).isTrue();
            assertThat(ask(r.address().getHostAddress())).isEqualTo('r');
            assertThat(known.requests).hasSize(1);

            assertThat(refused(q.address().getHostAddress())).isEqualTo(2);
        }
    }

    private static ServerSocketChannel listen(Pod pod) throws IOException {
        ServerSocketChannel listener = pod.namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
        return listener.bind(new InetSocketAddress(pod.address(), 80));
    }

    /** Connects by SOCKS5, and returns the letter that the peer says. */
    private char ask(String host) throws IOException {
        try (Socket client = ShareScene.ask(p, host, 80)) {
            assertThat(ShareScene.answer(client)).isZero();
            return (char) client.getInputStream().read();
        }
    }

    private int refused(String host) throws IOException {
        try (Socket client = ShareScene.ask(p, host, 80)) {
            return ShareScene.answer(client);
        }
    }

    private static WorkloadBuilder workload(String name, Pod pod) {
        List<InetAddress> addresses = pod == null ? List.of() : List.of(pod.address());
        return Workload.builder("c//Pod/default/" + name, "default").name(name).serviceAccount("sa-" + name).network("near").node("test")
                .addresses(addresses).hbone(true);
    }

    private static WorkloadBuilder endpoint(String name, Pod pod, String service) {
        return workload(name, pod).services(Map.of(new ServiceName("default", service), Ports.NONE));
    }

    private static ServiceBuilder service(String hostname, String address) throws IOException {
        return Service.builder("default", hostname).addresses(List.of(new NetworkAddress("near", InetAddress.getByName(address))))
                .ports(new Ports(Map.of(80, 8080)));
    }

    private static Gateway gateway(Pod pod) {
        return new Gateway(new NetworkAddress("near", pod.address()), 15008);
    }
}
