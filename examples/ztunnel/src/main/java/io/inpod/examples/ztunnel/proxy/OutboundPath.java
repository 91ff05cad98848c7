package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.health.Counters;
import io.inpod.examples.ztunnel.health.OutboundFailures.Reason;
import io.inpod.examples.ztunnel.limit.ConnectDeadline;
import io.inpod.examples.ztunnel.limit.CountedSockets;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.route.RecentFailures;
import io.inpod.examples.ztunnel.route.Hop;
import io.inpod.examples.ztunnel.route.OutboundRoute.OtherNetwork;
import io.inpod.examples.ztunnel.route.OutboundRouting;
import io.inpod.examples.ztunnel.route.Target;
import io.inpod.examples.ztunnel.trace.ConnectionTrace;
import io.inpod.examples.ztunnel.traffic.ResponseFlag;
import io.inpod.hbone.ConnectRequest;
import io.inpod.hbone.ForwardedNetwork;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.tproxy.DestinationAddress;
import io.inpod.tproxy.share.Admission;
import io.inpod.tproxy.upstream.SpoofPolicy;
import io.inpod.tproxy.upstream.UpstreamConnection;
import io.inpod.tproxy.upstream.UpstreamConnector;
import io.inpod.tproxy.upstream.UpstreamOptions;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Connects outbound connections, as the mesh says: through a tunnel, through two of them, or directly. */
final class OutboundPath {
    static final String RECURSIVE = "attempted recursive call to ourselves";

    private final PodContext pod;
    private final TunnelPools pools;
    private final UpstreamConnector direct;
    private final OutboundRouting routing;
    private final RecentFailures failures = new RecentFailures(System::nanoTime);
    private final Counters counters;

    OutboundPath(PodContext pod, TunnelPools pools, LocalAddresses local, Counters counters) throws IOException {
        this.counters = counters;
        this.pod = pod;
        this.pools = pools;
        this.routing = new OutboundRouting(pod.config().passthrough(), local::contains);
        this.direct = new UpstreamConnector(
                pod.namespace(), UpstreamOptions.DEFAULT.withSockets(pod.sockets()).withPolicy(SpoofPolicy.NEVER)
                        .withConnectTimeout(ConnectDeadline.step(pod.config().connectDeadline())),
                pod.own());
    }

    /** Connects a client to what it asks for, and relays its data. */
    void open(SocketChannel client, InetSocketAddress source, Target target, Outcome outcome) {
        open(client, source, target, outcome, pod.reports().traces().begin(false, null));
    }

    /** The same for a connection whose span has begun. */
    void open(SocketChannel client, InetSocketAddress source, Target target, Outcome outcome, ConnectionTrace trace) {
        OwnWorkload.Known known = pod.self().known();
        Optional<Workload> self = known.workload();
        if (target instanceof Target.Address to && pod.isOwnListener(new InetSocketAddress(to.address(), to.port()))) {
            refuse(source, target, outcome, trace, RECURSIVE);
        } else if (self.isEmpty()) {
            refuse(source, target, outcome, trace, PodContext.UNKNOWN);
        } else {
            List<String> names = Demanded.names(pod, known.mesh(), self.get(), target);
            if (names.isEmpty() && Demanded.isOutdated(pod, known.mesh())) {
                open(client, source, target, outcome, trace);
            } else if (names.isEmpty()) {
                new OutboundAttempt(this, known.mesh(), self.get(), client, source, target, outcome, trace).start();
            } else {
                Demanded.await(pod, client, client.closeFuture(), names, unanswered -> {
                    if (unanswered == null) {
                        open(client, source, target, outcome, trace); // the answer may name something else that is needed
                    } else {
                        refuse(source, target, outcome, trace, PodContext.UNANSWERED + unanswered);
                    }
                });
            }
        }
    }

    private void refuse(InetSocketAddress source, Target target, Outcome outcome, ConnectionTrace trace, String reason) {
        pod.reports().failed(new AccessLog.Connection("outbound", pod.client(source, false),
                new AccessLog.End(AccessLog.address(target), null, null), null, null).traced(trace), null, ResponseFlag.CONNECT, reason);
        failed(outcome, new ForbiddenException(reason));
    }

    /** Counts a connection that isn't connected, and tells its client. */
    void failed(Outcome outcome, Throwable cause) {
        counters.outbound().add(cause instanceof ForbiddenException ? Reason.FORBIDDEN
                : cause instanceof UnroutableException ? Reason.UNROUTABLE : Reason.of(cause));
        outcome.failed(cause);
    }

    /** Counts a workload that is looked up by its hostname. */
    void lookedUp(Workload self, String hostname) {
        counters.hostnames().lookedUp(self, hostname);
    }

    /** Returns what connects without a tunnel, to be closed with the pod. */
    UpstreamConnector direct() {
        return direct;
    }

    PodContext pod() {
        return pod;
    }

    RecentFailures failures() {
        return failures;
    }

    OutboundRouting routing() {
        return routing;
    }

    Future<UpstreamConnection> connect(SocketChannel client, InetSocketAddress destination) {
        return CountedSockets.connect(Admission.of(client), pod.limit(), client.eventLoop(),
                () -> direct.connect(client.eventLoop(), new DestinationAddress(destination), PodContext.forRelay()));
    }

    /** Opens a tunnel for a client, who called the host if there is one. */
    Future<TunnelChannel> tunnel(SocketChannel client, InetSocketAddress source, Hop hop, @Nullable String host, Header trace) {
        ConnectRequest request = new ConnectRequest(hop.authority(), pod.telemetry().orElseThrow().request(source, host, trace));
        return pools.on(client.eventLoop()).open(destination(hop, source), request, PodContext.forRelay());
    }

    /** Opens a tunnel for a client through the gateway of another network. */
    Future<TunnelChannel> tunnel(SocketChannel client, InetSocketAddress source, OtherNetwork route, Header trace) {
        List<Header> headers =
                new ArrayList<>(pod.telemetry().orElseThrow().request(source, route.service().hostname().hostname(), trace));
        if (!pod.config().network().isEmpty()) {
            headers.add(new ForwardedNetwork(pod.config().network()).header());
        }
        ConnectRequest request = new ConnectRequest(route.authority(), headers);
        HboneDestination gateway = destination(route.gateway(), source);
        return pools.inner().open(client.eventLoop(), gateway, route, request, PodContext.forRelay());
    }

    private HboneDestination destination(Hop hop, InetSocketAddress source) {
        return new HboneDestination(pod.identity(), hop.identities(), hop.peer(), source.getAddress());
    }
}
