package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.limit.CountedSockets;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.hbone.Authority;
import io.inpod.hbone.ConnectRequest;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.netns.InPodConstants;
import io.inpod.tproxy.DestinationAddress;
import io.inpod.tproxy.Resets;
import io.inpod.tproxy.share.Admission;
import io.inpod.tproxy.upstream.SpoofPolicy;
import io.inpod.tproxy.upstream.UpstreamConnection;
import io.inpod.tproxy.upstream.UpstreamConnector;
import io.inpod.tproxy.upstream.UpstreamOptions;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.Set;

/** Connects outbound connections: through a tunnel if the mesh says that the destination speaks HBONE, otherwise directly. */
final class OutboundPath {
    private final PodContext pod;
    private final TunnelPools pools;
    private final LocalAddresses local;
    private final UpstreamConnector direct;

    OutboundPath(PodContext pod, TunnelPools pools, LocalAddresses local) throws IOException {
        this.local = local;
        this.pod = pod;
        this.pools = pools;
        this.direct = new UpstreamConnector(
                pod.namespace(), UpstreamOptions.DEFAULT.withSockets(pod.sockets()).withPolicy(SpoofPolicy.NEVER), pod.own());
    }

    /** Connects a client to its destination, and relays its data. */
    void open(EpollSocketChannel client, InetSocketAddress source, InetSocketAddress destination, Outcome outcome) {
        Optional<Workload> target = pod.mesh().at(pod.config().network(), destination.getAddress());
        AccessLog.Connection plain = new AccessLog.Connection("outbound", source, pod.identity(), destination, null, null);
        if (pod.isOwnListener(destination)) {
            refuse(plain, outcome, new ForbiddenException("attempted recursive call to ourselves"));
        } else if (pod.workload().isEmpty()) {
            refuse(plain, outcome, new ForbiddenException(PodContext.UNKNOWN));
        } else if (target.isPresent() && target.get().hbone()) {
            tunnel(client, source, destination, target.get(), outcome);
        } else if (target.isEmpty() && local.contains(destination.getAddress())) {
            refuse(plain, outcome, new ForbiddenException(
                    "the destination is an address of an enrolled pod that the mesh doesn't list; it must not be reached in plaintext"));
        } else {
            connect(client, destination, plain, outcome);
        }
    }

    private void refuse(AccessLog.Connection connection, Outcome outcome, Throwable cause) {
        pod.access().failed(connection, AccessLog.words(cause));
        outcome.failed(cause);
    }

    private void tunnel(EpollSocketChannel client, InetSocketAddress source, InetSocketAddress destination, Workload target,
            Outcome outcome) {
        InetSocketAddress peer = new InetSocketAddress(destination.getAddress(), InPodConstants.HBONE_PORT);
        Authority authority = Authority.of(destination);
        HboneDestination hop = new HboneDestination(pod.identity(), Set.of(target.identity()), peer, source.getAddress());
        ConnectRequest request = new ConnectRequest(authority, pod.telemetry().orElseThrow().request(source));
        Future<TunnelChannel> tunnel = pools.on(client.eventLoop()).open(hop, request, PodContext.FOR_RELAY);
        carry(client, tunnel, new AccessLog.Connection("outbound", source, pod.identity(), peer, authority.toString(), target.identity()),
                outcome,
                channel -> channel);
    }

    private void connect(EpollSocketChannel client, InetSocketAddress destination, AccessLog.Connection connection, Outcome outcome) {
        Future<UpstreamConnection> upstream = CountedSockets.connect(Admission.of(client), pod.limit(), client.eventLoop(),
                () -> direct.connect(client.eventLoop(), new DestinationAddress(destination), PodContext.FOR_RELAY));
        carry(client, upstream, connection, outcome, UpstreamConnection::channel);
    }

    private static void connected(Outcome outcome, Channel upstream) {
        try {
            outcome.connected();
        } catch (RuntimeException | Error e) {
            Resets.reset(upstream);
            throw e;
        }
    }

    private <T> void carry(
            EpollSocketChannel client, Future<T> upstream, AccessLog.Connection connection, Outcome outcome,
            java.util.function.Function<T, DuplexChannel> channel) {
        client.closeFuture().addListener(gone -> upstream.cancel(false)); // does nothing after success
        upstream.addListener((Future<T> done) -> Guarded.run(pod.access().lines(), client, () -> {
            if (done.isSuccess()) {
                DuplexChannel up = channel.apply(done.getNow());
                pod.connections().add(up);
                connected(outcome, up);
                Guarded.relay(client, up, Admission.of(client), result -> pod.access().ended(connection, result));
            } else if (done.isCancelled()) {
                pod.access().failed(connection, "the client disconnected before the upstream connection was established");
                client.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
            } else {
                refuse(connection, outcome, done.cause());
            }
        }));
    }
}
