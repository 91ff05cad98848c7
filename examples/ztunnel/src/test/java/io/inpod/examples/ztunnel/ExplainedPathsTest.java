package io.inpod.examples.ztunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.dns.NameServers;
import io.inpod.examples.ztunnel.health.Counters;
import io.inpod.examples.ztunnel.explain.Explainer;
import io.inpod.examples.ztunnel.explain.Way;
import io.inpod.examples.ztunnel.limit.LogLines;
import io.inpod.examples.ztunnel.limit.NameLookups;
import io.inpod.examples.ztunnel.live.Enforcement;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.MeshChange;
import io.inpod.examples.ztunnel.mesh.MeshState;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Policy;
import io.inpod.examples.ztunnel.mesh.Policy.Match;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.TextMatch;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.mesh.WorkloadBuilder;
import io.inpod.examples.ztunnel.ports.HolderSearch;
import io.inpod.examples.ztunnel.proxy.LocalAddresses;
import io.inpod.examples.ztunnel.proxy.PodProxy;
import io.inpod.examples.ztunnel.proxy.Shared;
import io.inpod.examples.ztunnel.route.InboundRouting;
import io.inpod.examples.ztunnel.route.OutboundRouting;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.netns.SocketHolders;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is explained is what happens: in meshes at random, each client connects to each address, and reaches what one of the ways says, or is
 * refused as one of them says. The seed is fixed.
 */
@Timeout(120)
@Pods(3)
class ExplainedPathsTest {
    private static final long SEED = 18;
    private static final int MESHES = 25;
    private static final List<Integer> APPS = List.of(8080, 8081);
    private static final List<String> NAMES = List.of("a", "b", "c");
    private static final List<String> VIPS = List.of("10.96.0.1", "10.96.0.2");

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final MeshState state = new MeshState();
    private final List<PodProxy> proxies = new ArrayList<>();
    private final List<ServerSocketChannel> apps = new ArrayList<>();
    private final Random random = new Random(SEED);
    private List<Pod> pods;

    @BeforeEach
    void start(PodNetwork network, @TempDir Path home) throws Exception {
        loops.forEach(loop -> loop.submit(() -> { }).awaitUninterruptibly()); // no thread may start in a pod
        pods = List.of(network.pod(0), network.pod(1), network.pod(2));
        ProxyConfig config = ProxyConfig.from(Map.of("FAKE_CA", "true", "LOCAL_XDS", "workloads: []", "NODE_NAME", "test",
                "UNSTABLE_ENABLE_SOCKS5", "true", "ENABLE_ORIG_SRC", "false"));
        Shared shared = new Shared(config, state, DevelopmentCa.open(home), loops, new LocalAddresses(),
                new NameServers(Path.of("/etc/resolv.conf")), new NameLookups(Runnable::run, 1, NameLookups.Resolver.SYSTEM),
                new HolderSearch(Runnable::run, (namespace, inodes) -> new SocketHolders(Map.of(), true), System::nanoTime), new OwnConnections(),
                config.limits().holdings(), new LogLines(100_000), Enforcement.of(state, Runnable::run), Counters.atZero(), Runnable::run, null);
        state.replace(mesh());
        for (int i = 0; i < pods.size(); i++) {
            for (int port : APPS) {
                apps.add(serve(pods.get(i), port, NAMES.get(i)));
            }
            proxies.add(PodProxy.start(shared, new WorkloadInfo(NAMES.get(i), "ns-" + NAMES.get(i), "sa"), pods.get(i).namespace().duplicate()));
        }
    }

    @AfterEach
    void end() throws Exception {
        for (PodProxy proxy : proxies) {
            proxy.stop();
        }
        for (ServerSocketChannel app : apps) {
            app.close();
        }
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    /** An app that says the name of its pod. */
    private static ServerSocketChannel serve(Pod pod, int port, String name) throws IOException {
        ServerSocketChannel app = pod.namespace().<ServerSocketChannel, IOException>call(ServerSocketChannel::open);
        app.bind(new InetSocketAddress("0.0.0.0", port));
        new Thread(() -> {
            for (;;) {
                try (SocketChannel client = app.accept()) {
                    client.write(ByteBuffer.wrap(new byte[] {(byte) name.charAt(0)}));
                } catch (IOException e) {
                    if (!app.isOpen()) {
                        return;
                    }
                }
            }
        }, "app of " + name).start();
        return app;
    }

    private Mesh mesh() {
        MeshChange change = Mesh.EMPTY.change();
        for (int i = 0; i < NAMES.size(); i++) {
            WorkloadBuilder workload = Workload.builder(NAMES.get(i), "ns-" + NAMES.get(i)).name(NAMES.get(i)).serviceAccount("sa").node("test")
                    .hbone(random.nextInt(4) > 0).healthy(random.nextInt(5) > 0).addresses(List.of(pods.get(i).address()))
                    .policies(random.nextInt(3) == 0 ? List.of("other/selected") : List.of());
            Map<ServiceName, Ports> services = new java.util.HashMap<>();
            for (String vip : VIPS) {
                if (random.nextBoolean()) {
                    services.put(service(vip), random.nextBoolean() ? Ports.NONE : new Ports(Map.of(80, 8081)));
                }
            }
            change.put(workload.services(services).build());
        }
        for (String vip : VIPS) {
            change.put(Service.builder("ns-a", service(vip).hostname()).addresses(List.of(new NetworkAddress("", ip(vip))))
                    .ports(new Ports(random.nextInt(6) == 0 ? Map.of() : Map.of(80, 8080))).ofNamespaceOnly(random.nextInt(5) == 0).build());
        }
        if (random.nextInt(8) > 0) {
            change.put(policy("other", "selected", Policy.Scope.WORKLOAD_SELECTOR));
        }
        if (random.nextInt(3) == 0) {
            change.put(policy("ns-" + NAMES.get(random.nextInt(3)), "own", Policy.Scope.NAMESPACE));
        }
        if (random.nextInt(4) == 0) {
            change.put(policy("istio-system", "all", Policy.Scope.GLOBAL));
        }
        return change.build();
    }

    private static ServiceName service(String vip) {
        return new ServiceName("ns-a", "s" + vip.charAt(vip.length() - 1) + ".local");
    }

    private Policy policy(String namespace, String name, Policy.Scope scope) {
        Match none = Match.EMPTY;
        List<TextMatch> namespaces = List.of(new TextMatch(TextMatch.Kind.EXACT, "ns-" + NAMES.get(random.nextInt(3))));
        boolean not = random.nextBoolean();
        Match match = new Match(not ? List.of() : namespaces, not ? namespaces : List.of(), none.serviceAccounts(), none.notServiceAccounts(),
                none.principals(), none.notPrincipals(), none.sourceIps(), none.notSourceIps(), none.destinationIps(), none.notDestinationIps(),
                random.nextBoolean() ? Set.of(8080) : Set.of(), Set.of());
        return new Policy(namespace, name, scope, random.nextBoolean() ? Policy.Action.ALLOW : Policy.Action.DENY, random.nextInt(5) == 0,
                List.of(new Policy.Rule(List.of(new Policy.Clause(List.of(match))))), random.nextInt(10) == 0 ? "odd" : null);
    }

    @Test
    void whatIsExplainedHappens() throws Exception {
        Explainer explainer = new Explainer(new OutboundRouting(true, address -> false), new InboundRouting(Set.of(15001, 15006, 15008, 15080), false),
                null);
        Set<String> seen = new TreeSet<>();
        for (int i = 0; i < MESHES; i++) {
            Mesh mesh = mesh();
            state.replace(mesh);
            for (int from = 0; from < pods.size(); from++) {
                Workload client = mesh.workload(NAMES.get(from)).orElseThrow();
                for (InetSocketAddress to : targets()) {
                    List<Way> ways = explainer.explain(mesh, client, to.getAddress().getHostAddress(), to.getPort());
                    String outcome = connect(pods.get(from), to);
                    assertThat(outcome).as("mesh %s, %s to %s: %s", i, client.uid(), to, ways).isIn(outcomes(ways));
                    seen.add(outcome.isEmpty() ? ways.get(0).result().replaceAll("[:(].*|[0-9].*", "").strip() : "reached");
                }
            }
        }
        assertThat(seen).as("the meshes are different enough").contains("reached", "denied by a", "denied by b").hasSizeGreaterThan(4);
    }

    private List<InetSocketAddress> targets() {
        List<InetSocketAddress> targets = new ArrayList<>();
        pods.forEach(pod -> APPS.forEach(port -> targets.add(new InetSocketAddress(pod.address(), port))));
        VIPS.forEach(vip -> targets.add(new InetSocketAddress(vip, 80)));
        return targets;
    }

    /** The name of each pod that may be reached, and "" if nothing may be. */
    private Set<String> outcomes(List<Way> ways) {
        Set<String> outcomes = new TreeSet<>();
        for (Way way : ways) {
            String reached = "";
            for (int i = 0; way.carried() && i < pods.size(); i++) {
                if (way.result().contains(" " + pods.get(i).address().getHostAddress() + ":")) {
                    reached = NAMES.get(i);
                }
            }
            outcomes.add(reached);
        }
        return outcomes;
    }

    /** Connects by SOCKS5, and returns the name of the pod that is reached, or "". */
    private static String connect(Pod from, InetSocketAddress to) throws IOException {
        try (Socket socket = from.namespace().<SocketChannel, IOException>call(SocketChannel::open).socket()) {
            socket.setSoTimeout(20_000);
            socket.connect(new InetSocketAddress("127.0.0.1", 15080));
            socket.getOutputStream().write(new byte[] {5, 1, 0});
            InputStream in = socket.getInputStream();
            in.readNBytes(2);
            ByteBuffer request = ByteBuffer.allocate(10).put(new byte[] {5, 1, 0, 1}).put(to.getAddress().getAddress()).putShort((short) to.getPort());
            socket.getOutputStream().write(request.array());
            byte[] reply = in.readNBytes(10);
            int name = reply.length == 10 && reply[1] == 0 ? in.read() : -1;
            return name < 0 ? "" : Character.toString((char) name);
        } catch (java.net.SocketException e) {
            return ""; // reset
        }
    }

    private static InetAddress ip(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (java.net.UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
