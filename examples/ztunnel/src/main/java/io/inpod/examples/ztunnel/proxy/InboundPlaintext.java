package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.limit.CountedSockets;
import io.inpod.examples.ztunnel.live.LiveConnection;
import io.inpod.examples.ztunnel.policy.Attempt;
import io.inpod.examples.ztunnel.traffic.ResponseFlag;
import io.inpod.netns.InPodConstants;
import io.inpod.tproxy.ClientAddress;
import io.inpod.tproxy.DestinationAddress;
import io.inpod.tproxy.OriginalDestination;
import io.inpod.tproxy.Resets;
import io.inpod.tproxy.share.Admission;
import io.inpod.tproxy.upstream.UpstreamConnection;
import io.inpod.tproxy.upstream.UpstreamConnector;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;

/** Port 15006: serves connections that arrive at the pod without a tunnel and are redirected. The app sees the client's address. */
final class InboundPlaintext extends PodListener {
    private final UpstreamConnector app;

    InboundPlaintext(PodContext pod, EventLoopGroup loops, UpstreamConnector app) {
        super(pod, InPodConstants.INBOUND_PLAINTEXT_PORT, loops);
        this.app = app;
    }

    @Override
    public boolean resetsUnlessEnded() {
        return true;
    }

    @Override
    boolean isOurs(OriginalDestination destination) {
        return pod.config().ownPorts().contains(destination.address().getPort());
    }

    @Override
    void serve(SocketChannel client, InetSocketAddress source, OriginalDestination wanted) throws ClosedChannelException {
        pod.fromOutside(client, source);
        pod.whenKnown(client, client.closeFuture(), () -> serve(client, source, wanted.address()));
    }

    private void serve(SocketChannel client, InetSocketAddress source, InetSocketAddress destination) {
        OwnWorkload.Known known = pod.self().known();
        AccessLog.Connection connection = new AccessLog.Connection("inbound",
                pod.peer(known.mesh(), source, null),
                new AccessLog.End(destination, null, known.workload().orElse(null)), null, null)
                .traced(pod.reports().traces().begin(true, null));
        if (known.workload().isEmpty()) {
            refuse(client, connection, ResponseFlag.CONNECT, PodContext.UNKNOWN);
        } else if (!pod.owns(destination.getAddress())) {
            refuse(client, connection, ResponseFlag.CONNECT, PodContext.NOT_OURS); // this is not a relay to other hosts
        } else {
            Attempt attempt = new Attempt(source.getAddress(), null, destination);
            LiveConnection live = pod.enter(client, attempt, connection, reason -> refuse(client, connection, ResponseFlag.DENY, reason));
            if (live != null) {
                connect(client, source, destination, live, connection);
            }
        }
    }

    private void refuse(Channel client, AccessLog.Connection connection, ResponseFlag flag, String reason) {
        pod.reports().failed(connection, null, flag, reason);
        Resets.reset(client);
    }

    private void connect(SocketChannel client, InetSocketAddress source, InetSocketAddress destination, LiveConnection live,
            AccessLog.Connection connection) {
        Future<UpstreamConnection> upstream =
                CountedSockets.connect(Admission.of(client), pod.limit(), client.eventLoop(), () -> app.connect(
                        client.eventLoop(), new ClientAddress(source), new DestinationAddress(destination), PodContext.forRelay()));
        live.whenCut(() -> upstream.cancel(false));
        client.closeFuture().addListener(gone -> upstream.cancel(false));
        upstream.addListener(
                (Future<UpstreamConnection> done) -> Guarded.run(pod.access().lines(), client,
                        () -> connected(done, client, live, connection)));
    }

    private void connected(Future<UpstreamConnection> upstream, SocketChannel client, LiveConnection live,
            AccessLog.Connection connection) {
        String cut = live.cut();
        if (upstream.isSuccess() && cut == null) {
            SocketChannel toApp = upstream.getNow().channel();
            pod.connections().add(toApp);
            toApp.closeFuture().addListener(closed -> live.end());
            pod.reports().relayed(connection, connection.destination().address(), live,
                    listener -> Guarded.relay(client, toApp, Admission.of(client), listener));
            return;
        }
        live.end();
        if (upstream.isSuccess()) {
            Resets.reset(upstream.getNow().channel());
        }
        if (cut != null) {
            refuse(client, connection, Reports.cut(live), cut);
        } else if (upstream.isCancelled()) {
            pod.reports().failed(connection, null, ResponseFlag.CONNECT, OutboundAttempt.CLIENT_GONE);
            client.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        } else {
            refuse(client, connection, ResponseFlag.CONNECT, AccessLog.words(upstream.cause()));
        }
    }
}
