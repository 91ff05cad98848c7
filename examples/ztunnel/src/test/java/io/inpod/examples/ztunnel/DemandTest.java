package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.istio.DiscoveryApi.Resource;
import io.inpod.examples.istio.WorkloadApi;
import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.dns.NameServers;
import io.inpod.examples.ztunnel.health.Counters;
import io.inpod.examples.ztunnel.limit.LogLines;
import io.inpod.examples.ztunnel.limit.NameLookups;
import io.inpod.examples.ztunnel.limit.NewNames;
import io.inpod.examples.ztunnel.live.Enforcement;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.ports.HolderSearch;
import io.inpod.examples.ztunnel.proxy.LocalAddresses;
import io.inpod.examples.ztunnel.proxy.PodProxy;
import io.inpod.examples.ztunnel.proxy.Shared;
import io.inpod.examples.ztunnel.xds.Responses;
import io.inpod.examples.ztunnel.xds.TestControlPlane;
import io.inpod.examples.ztunnel.xds.XdsSource;
import io.inpod.hbone.Authority;
import io.inpod.hbone.TunnelRefusedException;
import io.inpod.hbone.client.Connector;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import io.inpod.hbone.TunnelChannel;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A control plane that sends only what it is asked for: an app of p connects, and the proxy asks for what it needs. */
@Timeout(120)
@Pods(4)
class DemandTest {
    private static final String SILENT = "10.99.0.1";
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final MeshState mesh = new MeshState();
    private final Map<String, List<Resource>> known = new HashMap<>();
    private TestControlPlane server;
    private XdsSource source;
    private PodProxy proxy;
    private ProxyConfig config;
    private DevelopmentCa ca;
    private Pod p;
    private Pod q;
    private Pod waypoint;
    private Pod plain;

    @BeforeEach
    void start(PodNetwork network, @TempDir Path directory) throws Exception {
        loops.forEach(loop -> loop.submit(() -> { }).awaitUninterruptibly()); // no thread may start in a pod
        ca = DevelopmentCa.open(directory.resolve("ca"));
        p = network.pod(0);
        q = network.pod(1);
        waypoint = network.pod(2);
        plain = network.pod(3);
        known.put("c//Pod/default/name-p", List.of(workload("p", p)));
        known.put("near/" + q.address().getHostAddress(), List.of(workload("q", q)));
        Path socket = directory.resolve("xds.sock");
        server = TestControlPlane.unix(socket);
        server.first = List.of(Responses.policies("1"));
        server.reply = request -> Responses.answer(request, known, Set.of("near/" + SILENT));
        config = ProxyConfig.from(Map.of("FAKE_CA", "true", "XDS_ADDRESS", "unix:" + socket, "XDS_ON_DEMAND", "true", "NODE_NAME", "test", "NETWORK",
                "near", "CLUSTER_ID", "c", "UNSTABLE_ENABLE_SOCKS5", "true", "INPOD_WORKLOAD_WAIT", "5s"));
        source = new XdsSource(config);
        source.start(mesh);
        serve(config);
    }

    private void serve(ProxyConfig config) throws Exception {
        Shared shared = new Shared(config, mesh, ca, loops, new LocalAddresses(), new NameServers(Path.of("/etc/resolv.conf")),
                new NameLookups(Runnable::run, 1, name -> {
                    if (name.equals("plain.test")) {
                        return List.of(plain.address());
                    }
                    throw new UnknownHostException(name);
                }), new HolderSearch(Runnable::run, (namespace, inodes) -> null, System::nanoTime), new OwnConnections(), config.limits().holdings(),
                new LogLines(1000), Enforcement.of(mesh, Runnable::run), Counters.atZero(), Runnable::run, null);
        proxy = PodProxy.start(shared, new WorkloadInfo("name-p", "default", "sa-p"), p.namespace().duplicate());
    }

    @AfterEach
    void close() throws Exception {
        if (proxy != null) {
            proxy.stop();
        }
        if (source != null) {
            source.close();
        }
        server.close();
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    private static WorkloadApi.Workload.Builder pod(String name, Pod pod) {
        return Responses.pod(name, pod.address().getHostAddress(), "test").setUid("c//Pod/default/name-" + name).setNetwork("near");
    }

    private static Resource workload(String name, Pod pod) {
        return Responses.workload("v1", pod(name, pod));
    }

    private static WorkloadApi.Service.Builder service(String hostname, String address) {
        return WorkloadApi.Service.newBuilder().setName("s").setNamespace("default").setHostname(hostname)
                .addAddresses(WorkloadApi.NetworkAddress.newBuilder().setNetwork("near").setAddress(Responses.bytes(address)))
                .addPorts(WorkloadApi.Port.newBuilder().setServicePort(80).setTargetPort(80));
    }

    private char ask(String host) throws Exception {
        try (Socket client = ShareScene.ask(p, host, 80)) {
            assertThat(ShareScene.answer(client)).as(host).isZero();
            return (char) client.getInputStream().read();
        }
    }

    /** The pod itself, addresses, services with the waypoints on their way, and names are asked for when a connection needs them. */
    @Test
    void whatAConnectionNeedsIsAskedFor() throws Exception {
        known.put("near/10.96.0.1", List.of(Responses.service("v1", service("web.local", "10.96.0.1").setWaypoint(
                WorkloadApi.GatewayAddress.newBuilder().setHostname(WorkloadApi.NamespacedHostname.newBuilder().setNamespace("default").setHostname("way.local"))))));
        known.put("default/way.local", List.of(
                Responses.service("v1", service("way.local", "10.96.0.2").setPorts(0, WorkloadApi.Port.newBuilder().setServicePort(15008).setTargetPort(15008))),
                Responses.workload("v1", pod("r", waypoint).putServices("default/way.local", WorkloadApi.PortList.getDefaultInstance()))));
        known.put("default/other.local", List.of(Responses.service("v1", service("other.local", "10.96.0.3")),
                Responses.workload("v1", pod("q", q).putServices("default/other.local", WorkloadApi.PortList.getDefaultInstance()))));
        try (TunnelPeer first = TunnelPeer.workload(q, ca, "sa-q", "q"); TunnelPeer second = TunnelPeer.workload(waypoint, ca, "sa-r", "w")) {
            assertThat(ask(q.address().getHostAddress())).isEqualTo('q');
            assertThat(mesh.get().workloads()).extracting(Workload::name).containsExactlyInAnyOrder("name-p", "name-q");
            assertThat(ask("10.96.0.1")).isEqualTo('w');
            assertThat(ask("other.local")).isEqualTo('q');
            assertThat(first.requests).hasSize(2);
            assertThat(second.requests).hasSize(1);
        }
        TestControlPlane.Stream stream = server.accept();
        assertThat(stream.request().getResourceNamesUnsubscribeList()).containsExactly("*");
    }

    /** A tunnel for a service's name, as a gateway opens it: the service isn't known before it is asked for. */
    @Test
    void whatARequestInATunnelNamesIsAskedFor() throws Exception {
        known.put("c//Pod/default/name-p", List.of(Responses.workload("v1", pod("p", p).putServices("default/mine.local", WorkloadApi.PortList.getDefaultInstance()))));
        known.put("default/mine.local", List.of(Responses.service("v1", service("mine.local", "10.96.0.4"))));
        EventLoopGroup own = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
        try (ServerSocketChannel app = p.namespace().<ServerSocketChannel, Exception>call(ServerSocketChannel::open);
                HboneClient client = new HboneClient(own, ca, Connector.of(NettyChannels.client(q.namespace())))) {
            app.bind(new InetSocketAddress(p.address(), 80));
            Tool.run(p.namespace(), "ip", "rule", "add", "ipproto", "tcp", "sport", "80", "lookup", "100");
            Tool.run(p.namespace(), "ip", "route", "add", "local", "default", "dev", "lo", "table", "100");
            HboneDestination peer = new HboneDestination(TunnelPeer.identity("sa-q"), TunnelPeer.identity("sa-p"), new InetSocketAddress(p.address(), 15008));
            assertThat(client.connect(peer, Authority.parse("mine.local:80"), List.of(), new ChannelInboundHandlerAdapter()).await().isSuccess()).isTrue();
            Throwable refusal = client.connect(peer, Authority.parse("nobody.local:80"), List.of(), new ChannelInboundHandlerAdapter()).await().cause();
            assertThat(refusal).isInstanceOf(TunnelRefusedException.class);
        } finally {
            own.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        }
        TestControlPlane.Stream stream = server.accept();
        Set<String> asked = new HashSet<>();
        while (!asked.contains("default/nobody.local")) {
            asked.addAll(stream.request().getResourceNamesSubscribeList());
        }
        assertThat(asked).contains("default/mine.local", "c//Pod/default/name-p");
    }

    /** Each request names another address, as those of a client may who only wants the control plane to be asked. */
    @Test
    void requestsInTunnelsHaveFewNamesAskedFor() throws Exception {
        int number = 300;
        Set<String> asked = ConcurrentHashMap.newKeySet();
        server.reply = request -> {
            request.getResourceNamesSubscribeList().stream().filter(name -> name.startsWith("near/10.98.")).forEach(asked::add);
            return Responses.answer(request, known, Set.of());
        };
        EventLoopGroup own = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
        try (HboneClient client = new HboneClient(own, ca, Connector.of(NettyChannels.client(q.namespace())))) {
            HboneDestination peer = new HboneDestination(TunnelPeer.identity("sa-q"), TunnelPeer.identity("sa-p"), new InetSocketAddress(p.address(), 15008));
            List<Future<TunnelChannel>> requests = new ArrayList<>();
            for (int i = 0; i < number; i++) {
                requests.add(client.connect(peer, Authority.parse("10.98." + i / 250 + "." + i % 250 + ":80"), List.of(), new ChannelInboundHandlerAdapter()));
            }
            Set<Integer> statuses = new TreeSet<>();
            for (Future<TunnelChannel> request : requests) {
                assertThat(request.await().cause()).isInstanceOf(TunnelRefusedException.class);
                statuses.add(((TunnelRefusedException) request.cause()).status());
            }
            assertThat(statuses).as("one that was asked for, and one that wasn't").containsExactly(400, 503);
            assertThat(asked).isNotEmpty().hasSizeLessThan(number / 2);
        } finally {
            own.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        }
    }

    /** What is on the way is known, and asked for, only when the rest has come. */
    @Test
    void aRequestInATunnelCountsOnceHoweverOftenItHasToAsk() throws Exception {
        int number = NewNames.MOST / 2; // as many as a single client may have in a second
        Set<String> asked = new HashSet<>();
        List<Authority> authorities = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            WorkloadApi.NamespacedHostname.Builder name = WorkloadApi.NamespacedHostname.newBuilder().setNamespace("default").setHostname("way" + i + ".local");
            known.put("near/10.96.1." + i, List.of(Responses.service("v1",
                    service("x" + i + ".local", "10.96.1." + i).setWaypoint(WorkloadApi.GatewayAddress.newBuilder().setHostname(name)))));
            asked.addAll(List.of("near/10.96.1." + i, "default/way" + i + ".local"));
            authorities.add(Authority.parse("10.96.1." + i + ":80"));
        }
        inTunnels(send -> {
            List<Future<TunnelChannel>> requests = authorities.stream().map(send).toList();
            for (Future<TunnelChannel> request : requests) {
                assertThat(status(request)).as("not an address of this pod; 503 would be too many").isEqualTo(400);
            }
        });
        TestControlPlane.Stream stream = server.accept();
        while (!asked.isEmpty()) {
            asked.removeAll(stream.request().getResourceNamesSubscribeList());
        }
    }

    @Test
    void requestsInTunnelsForWhatHasBeenAskedForDontCount() throws Exception {
        inTunnels(send -> {
            for (int i = 0; i < 5 * NewNames.MOST; i++) {
                var unused = send.apply(Authority.parse(SILENT + ":80")); // which the control plane says nothing about
            }
            assertThat(status(send.apply(Authority.parse("10.98.0.1:80")))).isEqualTo(400);
            for (int i = 0; i < 5 * NewNames.MOST; i++) {
                assertThat(status(send.apply(Authority.parse("10.98.0.1:80")))).isEqualTo(400);
            }
        });
    }

    private interface Requests {
        void run(Function<Authority, Future<TunnelChannel>> send) throws Exception;
    }

    private void inTunnels(Requests requests) throws Exception {
        EventLoopGroup own = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
        try (HboneClient client = new HboneClient(own, ca, Connector.of(NettyChannels.client(q.namespace())))) {
            HboneDestination peer = new HboneDestination(TunnelPeer.identity("sa-q"), TunnelPeer.identity("sa-p"), new InetSocketAddress(p.address(), 15008));
            requests.run(authority -> client.connect(peer, authority, List.of(), new ChannelInboundHandlerAdapter()));
        } finally {
            own.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        }
    }

    private static int status(Future<TunnelChannel> request) throws Exception {
        assertThat(request.await().cause()).isInstanceOf(TunnelRefusedException.class);
        return ((TunnelRefusedException) request.cause()).status();
    }

    /** Hostnames are compared in lower case, also those whose letters are encoded (RFC 5891). */
    @ParameterizedTest
    @ValueSource(strings = {"Other.Shop.SVC.Cluster.LOCAL", "XN--BCHER-KVA.Example", "xn--bcher-kva.example."})
    void aNameIsAskedForInLowerCase(String host) throws Exception {
        for (String name : List.of("shop/other.shop.svc.cluster.local", "default/xn--bcher-kva.example")) {
            int hostname = name.indexOf('/') + 1;
            known.put(name, List.of(Responses.service("v1", service(name.substring(hostname), "10.96.0.3").setNamespace(name.substring(0, hostname - 1))),
                    Responses.workload("v1", pod("q", q).putServices(name, WorkloadApi.PortList.getDefaultInstance()))));
        }
        try (TunnelPeer peer = TunnelPeer.workload(q, ca, "sa-q", "q")) {
            assertThat(ask(host)).isEqualTo('q');
            assertThat(peer.requests).hasSize(1);
        }
    }

    /** The endpoint came with its service; that a pod with a tunnel has its address too is known only when the address is asked for. */
    @Test
    void anEndpointInPlaintextIsAskedForByItsAddress() throws Exception {
        known.put("near/10.96.0.5", List.of(Responses.service("v1", service("db.local", "10.96.0.5")), Responses.workload("v1",
                pod("db", q).setTunnelProtocol(WorkloadApi.TunnelProtocol.NONE).putServices("default/db.local", WorkloadApi.PortList.getDefaultInstance()))));
        try (TunnelPeer peer = TunnelPeer.workload(q, ca, "sa-q", "q")) {
            assertThat(ask("10.96.0.5")).isEqualTo('q');
            assertThat(peer.requests).hasSize(1);
        }
    }

    /** What the answer is about comes into the mesh just before the answer, which is just after a connection has looked at the mesh. */
    @ParameterizedTest(name = "by service: {0}")
    @ValueSource(booleans = {false, true})
    void anAnswerThatComesBetweenTwoLooksIsntMissed(boolean isByService) throws Exception {
        ServiceName web = new ServiceName("default", "web.local");
        NetworkAddress vip = new NetworkAddress("near", InetAddress.getByName("10.96.0.6"));
        proxy.stop();
        while (!mesh.isLoaded()) {
            Thread.onSpinWait();
        }
        source.close();
        source = null;
        Workload own = Workload.builder("p", "default").name("name-p").serviceAccount("sa-p").node("test").network("near").hbone(true)
                .addresses(List.of(p.address())).build();
        Workload peer = Workload.builder("q", "default").name("name-q").serviceAccount("sa-q").node("test").network("near").hbone(true)
                .addresses(List.of(q.address())).services(Map.of(web, Ports.NONE)).build();
        Service service = Service.builder("default", web.hostname()).addresses(List.of(vip)).ports(new Ports(Map.of(80, 80))).build();
        mesh.replace(Mesh.EMPTY.change().put(own).build());
        AtomicBoolean isFirst = new AtomicBoolean(true);
        mesh.demandFrom(new MeshState.Demand() {
            @Override
            public boolean isAnswered(String name) {
                if (isFirst.getAndSet(false)) {
                    mesh.replace(mesh.get().change().put(peer).put(service).build());
                }
                return true;
            }

            @Override
            public MeshState.Subscription ask(String name, Runnable answered) {
                throw new AssertionError(name);
            }
        });
        serve(config);
        try (TunnelPeer server = TunnelPeer.workload(q, ca, "sa-q", "q")) {
            assertThat(ask((isByService ? vip.address() : q.address()).getHostAddress())).isEqualTo('q');
            assertThat(server.requests).hasSize(1);
        }
    }

    /** Only when the control plane has said that an address isn't in the mesh does plaintext go there. */
    @Test
    void plaintextGoesOnlyWhereTheControlPlaneHasSaidThatThereIsNoMesh() throws Exception {
        try (ServerSocketChannel app = plain.namespace().<ServerSocketChannel, Exception>call(ServerSocketChannel::open)) {
            app.bind(new InetSocketAddress(plain.address(), 80));
            for (String host : new String[] {plain.address().getHostAddress(), "plain.test"}) {
                try (Socket client = ShareScene.ask(p, host, 80)) {
                    assertThat(ShareScene.answer(client)).as(host).isZero();
                    try (SocketChannel accepted = app.accept()) {
                        accepted.socket().getOutputStream().write('x');
                        assertThat(client.getInputStream().read()).isEqualTo('x');
                    }
                }
            }
        }
        proxy.stop();
        serve(ProxyConfig.from(Map.of("FAKE_CA", "true", "LOCAL_XDS", "{}", "NODE_NAME", "test", "NETWORK", "near", "UNSTABLE_ENABLE_SOCKS5", "true",
                "INPOD_WORKLOAD_WAIT", "100ms")));
        try (Socket client = ShareScene.ask(p, SILENT, 80)) {
            assertThat(ShareScene.answer(client)).as("not allowed, as RFC 1928 numbers it").isEqualTo(2);
        }
    }
}
