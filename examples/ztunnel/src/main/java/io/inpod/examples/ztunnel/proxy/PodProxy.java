package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.ports.EndedConnections;
import io.inpod.examples.ztunnel.ports.TakenPortException;
import io.inpod.examples.ztunnel.ports.HolderSearch;
import io.inpod.examples.ztunnel.ports.ForeignListeners;
import io.inpod.examples.ztunnel.limit.CountedBytes;
import io.inpod.examples.ztunnel.limit.AtLimit;
import io.inpod.examples.ztunnel.limit.Connections;
import io.inpod.examples.ztunnel.limit.KernelBuffers;
import io.inpod.examples.ztunnel.explain.OpenConnection;
import io.inpod.examples.ztunnel.live.Enforcement;
import io.inpod.examples.ztunnel.live.LiveConnections;
import io.inpod.examples.ztunnel.live.WorkloadWait;
import static io.inpod.netns.socket.LinuxSocketOptions.MARK;
import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;

import io.inpod.examples.zds.WorkloadInfo;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.dns.DnsProxy;
import io.inpod.examples.ztunnel.dns.DnsSettings;
import io.inpod.examples.ztunnel.mesh.Telemetry;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.traffic.Flow;
import io.inpod.hbone.ConnectionIdentities;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.server.HboneServer;
import io.inpod.examples.ztunnel.succession.Succession;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.listen.AcceptLoop;
import io.inpod.tproxy.listen.BegunListener;
import io.inpod.tproxy.listen.HandOver;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.share.Clients;
import io.inpod.tproxy.share.Holdings;
import io.inpod.tproxy.upstream.UpstreamConnector;
import io.inpod.tproxy.upstream.UpstreamOptions;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves one pod: its listeners inside the pod's namespace, and the connections that they accept. */
public final class PodProxy {
    private static final Logger LOG = LoggerFactory.getLogger("proxy");
    private static final int BACKLOG = 4096;
    private static final Duration CUT = Duration.ofSeconds(1);
    private static final Duration HANDSHAKES = Duration.ofSeconds(1);

    private final WorkloadInfo info;
    private final List<UpstreamConnector> connectors = new ArrayList<>();
    private final List<UpstreamConnector> toApps = new ArrayList<>();
    private final PodContext pod;
    private final HboneServer server;
    private final TunnelPools pools;
    private final LocalAddresses local;
    private final List<AcceptLoop> listeners = new ArrayList<>();
    private final Set<Integer> ports = new HashSet<>();
    /** Those that may not listen yet; empty once the pod is served. */
    private final Deque<Begun> begun = new ArrayDeque<>();
    private final List<Future<HandOver>> handOvers = new ArrayList<>();
    private final Connections hboneConnections = new Connections();
    private final @Nullable Succession succession;
    private final ForeignListeners foreign;
    private final CertificateSource.Use allowed;
    private CertificateSource.Use used = () -> {};
    private final DnsSockets dns = new DnsSockets();
    private @Nullable DnsProxy names;

    private record Begun(InetSocketAddress address, SocketOptions options, EventLoop loop, PodListener handler, BegunListener opening) {}

    private PodProxy(WorkloadInfo info, PodContext pod, HboneServer server, TunnelPools pools, LocalAddresses local, HolderSearch holders,
            @Nullable Succession succession, CertificateSource.Use allowed) {
        this.allowed = allowed;
        this.succession = succession;
        this.local = local;
        this.info = info;
        this.server = server;
        this.pod = pod;
        this.foreign = new ForeignListeners(pod.namespace(), holders);
        this.pools = pools;
    }

    /**
     * Starts to serve a pod. Blocks until its listeners are bound.
     *
     * @param shared what all pods share
     * @param info the pod's names, for which the agent vouches
     * @param namespace its network namespace; owned by the result
     * @return the running proxy
     * @throws TakenPortException if a port is taken
     * @throws IOException if a listener can't be opened; then everything is closed except the namespace, which the caller closes
     */
    public static PodProxy start(Shared shared, WorkloadInfo info, NetworkNamespace namespace) throws IOException {
        ProxyConfig config = shared.config();
        OwnWorkload self = new OwnWorkload(shared.mesh(), config.node(), info);
        SocketOptions sockets = KernelBuffers.bound(config.keepalive().with(MARK, config.mark()), namespace);
        Connections connections = new Connections();
        Holdings holdings = shared.holdings().part();
        AtLimit limit = new AtLimit(info.toString(), holdings, shared.names().pod(), connections, config.limits().idle(), shared.control());
        SpiffeId identity = identity(shared, info, self.workload());
        WithinNode within = WithinNode.of(namespace);
        Enforcement enforcement = shared.enforcement(); // from here on nothing is thrown until the listeners are opened
        LiveConnections live = new LiveConnections(self::policies, enforcement.watch(), enforcement.denials());
        WorkloadWait waiting = new WorkloadWait(() -> self.workload().filter(known -> known.identity().equals(identity)).isPresent(),
                enforcement.watch(), enforcement.places().part(),
                config.workloadWait());
        AccessLog access = new AccessLog(shared.lines().pod(info.toString()));
        PodContext pod = new PodContext(config, namespace, self, identity, sockets, within, connections, new Connections(),
                new OwnConnections(), new Clients(holdings), live, waiting, shared.mesh().demand(), limit, access,
                new Reports(access, shared.counters().traffic().pod(), shared.traces()));
        HboneServer server = new HboneServer(shared.certificates(),
                CountedBytes.bound(HboneOptions.server().with(shared.tls()), config.limits()).withHeaderFilter(shared.traces()::kept),
                new TunnelEvents(pod.access(), shared.counters().traffic().tunnels(true)));
        CertificateSource.Use allowed = shared.certificates().allow(identity); // a connection may come as soon as a listener is opened
        PodProxy proxy = new PodProxy(info, pod, server, new TunnelPools(pod, shared), shared.local(), shared.holders(),
                shared.succession(), allowed);
        try {
            proxy.readAddresses();
            proxy.listen(shared);
            proxy.used = shared.certificates().use(identity); // only now: a pod that can't be served is tried again and again
            return proxy;
        } catch (IOException | RuntimeException e) {
            proxy.closeListeners();
            proxy.forgetMesh();
            pod.reports().traffic().close();
            allowed.close();
            proxy.connectors.forEach(UpstreamConnector::close);
            shared.local().forget(namespace);
            throw e;
        }
    }

    private static SpiffeId identity(Shared shared, WorkloadInfo info, Optional<Workload> workload) throws IOException {
        try {
            return workload.map(Workload::identity)
                    .orElseGet(() -> new SpiffeId(shared.config().trustDomain(), info.namespace(), info.serviceAccount()));
        } catch (IllegalArgumentException e) {
            throw new IOException("no identity can be derived from " + info + ": " + e.getMessage(), e);
        }
    }

    @SuppressWarnings("AddressSelection") // an address in figures is not looked up
    private void listen(Shared shared) throws IOException {
        OutboundPath path = new OutboundPath(pod, pools, local, shared.counters());
        UpstreamOptions toApp = UpstreamOptions.DEFAULT.withSockets(pod.socketsWithinNode()).withPolicy(pod.config().spoofing());
        UpstreamConnector app = new UpstreamConnector(pod.namespace(), toApp, pod.own());
        connectors.add(path.direct());
        connectors.add(app);
        toApps.add(app);
        // A tunnel's client is connected to port 15008, so a port of the namespace's own range rarely clashes with its other connections.
        UpstreamConnector tunnelsApp = app.withPorts(null);
        connectors.add(tunnelsApp);
        toApps.add(tunnelsApp);
        ChannelHandler tunnels = server.handler(pod.identity(), new InboundTunnels(pod, tunnelsApp));
        begin(shared, new Outbound(pod, shared.group(), path));
        begin(shared, new InboundPlaintext(pod, shared.group(), app));
        begin(shared, new HboneListener(pod, shared, hboneConnections, tunnels));
        if (pod.config().socks5()) {
            begin(shared, new InetSocketAddress("127.0.0.1", InPodConstants.SOCKS5_PORT), StandardProtocolFamily.INET,
                    new Socks5(pod, shared.group(), path));
        }
        if (pod.config().dns() != null) {
            listenForNames(shared, pod.config().dns());
        }
        while (!begun.isEmpty()) {
            AcceptLoop listener = await(shared, begun.remove());
            listeners.add(listener);
            ports.add(listener.localAddress().getPort());
            if (succession != null) {
                succession.own().add(pod.namespace(), listener);
            }
        }
    }

    private void listenForNames(Shared shared, DnsSettings settings) throws IOException {
        SocketOptions sockets = SocketOptions.NONE.with(MARK, pod.config().mark());
        DnsProxy proxy = new DnsProxy(new DnsProxy.Pod(pod.namespace(), sockets, pod::workload, pod.clients()::admit), pod::mesh, settings,
                shared.nameServers(), shared.counters().dns());
        names = proxy;
        dns.open(pod, shared.group().next(), proxy, succession, shared.holders());
        DnsListener handler = new DnsListener(pod, shared.group(), proxy);
        for (InetAddress address : dns.addresses()) {
            begin(shared, new InetSocketAddress(address, handler.port()), IpFamily.of(address).protocolFamily(), handler);
        }
    }

    private void begin(Shared shared, PodListener handler) {
        if (pod.config().ipv6()) {
            begin(shared, new InetSocketAddress("::", handler.port()), StandardProtocolFamily.INET6, handler);
        } else {
            begin(shared, new InetSocketAddress("0.0.0.0", handler.port()), StandardProtocolFamily.INET, handler);
        }
    }

    private void begin(Shared shared, InetSocketAddress address, StandardProtocolFamily family, PodListener handler) {
        SocketOptions options = handler.sockets().withFamily(family).withBacklog(BACKLOG).with(TRANSPARENT, true);
        EventLoop loop = shared.group().next();
        // without SO_REUSEPORT: a process of the pod with the proxy's user could join, and be given the pod's connections
        begun.add(new Begun(address, options, loop, handler,
                AcceptLoop.begin(pod.namespace(), address, options, loop, handler.rules(), handler)));
    }

    private AcceptLoop await(Shared shared, Begun listener) throws IOException {
        try {
            return listener.opening().await();
        } catch (IOException e) {
            AcceptLoop taken = succession == null ? null : succession.take(pod.namespace(), listener.address(),
                    passed -> AcceptLoop.adopt(passed, pod.namespace(), listener.address(), listener.options(), listener.loop(),
                            listener.handler().rules(), listener.handler()));
            if (taken == null) {
                return openAfterOthers(shared, listener, e);
            }
            LOG.info("took over port {} of {} from the ztunnel that is running", listener.address().getPort(), pod.namespace());
            return taken;
        }
    }

    private AcceptLoop openAfterOthers(Shared shared, Begun listener, IOException refusal) throws IOException {
        int port = listener.address().getPort();
        try {
            int forgotten = EndedConnections.forget(pod.namespace(), port);
            if (forgotten > 0) {
                LOG.info("port {} of {} was kept by {} ended connections of another proxy, which the kernel has forgotten now", port,
                        pod.namespace(), forgotten);
                return AcceptLoop.listen(pod.namespace(), listener.address(), listener.options(), listener.loop(),
                        listener.handler().rules(), listener.handler());
            }
        } catch (IOException e) {
            refusal.addSuppressed(e);
        }
        throw TakenPortException.why(refusal, pod.namespace(), port, shared.holders());
    }

    /**
     * Looks for foreign sockets that listen on the proxy's ports, at other addresses, and logs those that are new.
     *
     * @throws IOException if the pod's sockets can't be listed
     */
    public void checkPorts() throws IOException {
        Map<Integer, Set<Long>> own = new HashMap<>();
        listeners.forEach(
                listener -> own.computeIfAbsent(listener.localAddress().getPort(), port -> new HashSet<>()).add(listener.inode()));
        foreign.check(own);
    }

    /** {@return the pod's names} */
    public WorkloadInfo info() {
        return info;
    }

    /** {@return the pod's network namespace} */
    public NetworkNamespace namespace() {
        return pod.namespace();
    }

    /** {@return the connections that the pod has accepted; none while the mesh doesn't have the pod} */
    public List<OpenConnection> openConnections() {
        return pod.workload().map(self -> pod.live().attempts().stream().map(attempt -> new OpenConnection(self.uid(), attempt)).toList())
                .orElse(List.of());
    }

    /** {@return the connections, of both directions, that carry data now} */
    public List<Flow> flows() {
        return pod.reports().traffic().open();
    }

    /** {@return how the pod is described, if the mesh has it} */
    public Optional<Telemetry> telemetry() {
        return pod.workload().map(Workload::telemetry);
    }

    /** {@return the ports at which it listens in the pod's namespace} */
    public Set<Integer> ports() {
        return Set.copyOf(ports);
    }

    /**
     * Returns whether the mesh gives the pod another identity than the one that it is served with, which was derived from its names if the
     * mesh didn't have it then. Until it is served anew, its connections wait.
     *
     * @return whether it must be served anew
     */
    public boolean hasOtherIdentity() {
        return pod.workload().filter(known -> !known.identity().equals(pod.identity())).isPresent();
    }

    /** {@return the pod's identity} */
    public SpiffeId identity() {
        return pod.identity();
    }

    /** {@return what happens when the pod has its share} */
    public AtLimit limit() {
        return pod.limit();
    }

    /** Logs what was refused because the pod had its share. */
    public void reportLimits() {
        pod.limit().report(toApps.stream().mapToLong(UpstreamConnector::portless).sum());
        pod.access().lines().report();
    }

    /** Reads the pod's addresses again. */
    public void readAddresses() throws IOException {
        local.read(pod.namespace());
    }

    /**
     * Bounds the buffers of connections in the kernel if the pod has raised its own limits.
     *
     * @throws IOException if the namespace can't be entered
     */
    public void boundBuffers() throws IOException {
        List<Channel> all = new ArrayList<>(pod.connections().all());
        all.addAll(hboneConnections.all());
        KernelBuffers.bound(all, pod.namespace());
    }

    /**
     * Ends the tunnels, of both directions, of which an end's certificate isn't trusted any more. New ones are the business of the
     * certificates' source.
     *
     * @param which chooses the tunnels
     */
    public void revoked(Predicate<ConnectionIdentities> which) {
        pod.live().revoked(which);
        server.retire(pod.reports().traffic().countedIfRejected(true, which), CUT); // takes no more requests, and ends when they are cut
        pools.retire(pod.reports().traffic().countedIfRejected(false, which));
    }

    /** Stops immediately: closes listeners and resets connections. Blocks until that is done. */
    public void stop() throws InterruptedException {
        closeListeners();
        forgetMesh();
        pools.close();
        if (names != null) {
            names.close();
        }
        try {
            pod.connections().end();
        } finally {
            connectors.forEach(UpstreamConnector::close);
            reportLimits();
            pod.access().lines().end();
            pod.reports().traffic().close();
            leavePorts();
            local.forget(pod.namespace());
            used.close();
            allowed.close();
            pod.namespace().close();
        }
    }

    /** Leaves the ports free for whoever serves the pod next. Another proxy's listener may be there already. */
    private void leavePorts() {
        for (int port : ports) {
            try {
                EndedConnections.forget(pod.namespace(), port);
            } catch (IOException e) {
                LOG.debug("ended connections may keep port {} of {} for a minute: {}", port, pod.namespace(), e.getMessage());
            }
        }
    }

    /** Begins to stop in order: closes listeners that a successor has taken over, and the others once their queues are empty. */
    public void drain() {
        if (succession != null) {
            List<AcceptLoop> kept =
                    listeners.stream().filter(listener -> !succession.own().isPassed(pod.namespace(), listener)).toList();
            listeners.removeAll(kept);
            handOvers.addAll(AcceptLoop.handOver(kept, HANDSHAKES));
        }
        closeListeners();
    }

    /**
     * Waits for the hand-over, during which clients that have begun a handshake are still accepted; then asks peers to open no new tunnels.
     *
     * @param deadlineNanos of {@link System#nanoTime}
     */
    public void awaitHandedOver(long deadlineNanos) throws InterruptedException {
        for (Future<HandOver> handOver : handOvers) {
            if (!handOver.await(left(deadlineNanos), TimeUnit.NANOSECONDS)) {
                LOG.warn("a listener of {} was not handed over in time", pod.namespace());
            } else if (handOver.getNow().risk() != null) {
                LOG.info("a listener of {} is closed: {}", pod.namespace(), handOver.getNow().risk());
            }
        }
        Duration left = Duration.ofNanos(left(deadlineNanos));
        hboneConnections.all().forEach(connection -> HboneServer.drain(connection, left));
    }

    /**
     * Waits until connections have ended, and stops. Outgoing tunnels are drained when no client is left that could open one.
     *
     * @param deadlineNanos of {@link System#nanoTime}; connections that are still open then are reset
     */
    public void awaitDrained(long deadlineNanos) throws InterruptedException {
        pod.accepted().awaitNone(deadlineNanos);
        pools.drain();
        pod.connections().awaitNone(deadlineNanos);
        stop();
    }

    private static long left(long deadlineNanos) {
        return Math.max(0, deadlineNanos - System.nanoTime());
    }

    /** Connections aren't decided about any more, and none waits. */
    private void forgetMesh() {
        pod.waiting().close();
        pod.live().close();
    }

    private void closeListeners() {
        dns.close();
        while (!begun.isEmpty()) {
            try {
                listeners.add(begun.remove().opening().await());
            } catch (IOException e) {
                LOG.debug("not opened: {}", e.getMessage());
            }
        }
        listeners.forEach(AcceptLoop::close);
        listeners.clear();
    }
}
