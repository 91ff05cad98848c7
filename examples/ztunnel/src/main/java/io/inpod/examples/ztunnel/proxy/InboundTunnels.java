package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.limit.CountedSockets;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.route.InboundRoute;
import io.inpod.examples.ztunnel.route.InboundRouting;
import io.inpod.hbone.Authority;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelRequest;
import io.inpod.hbone.TunnelRequestHandler;
import io.inpod.hbone.TunnelResetException;
import io.inpod.tproxy.CanonicalAddress;
import io.inpod.tproxy.ClientAddress;
import io.inpod.tproxy.DestinationAddress;
import io.inpod.tproxy.Resets;
import io.inpod.tproxy.share.Admission;
import io.inpod.tproxy.upstream.UpstreamConnection;
import io.inpod.tproxy.upstream.UpstreamConnector;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.Optional;

/** Port 15008: serves requests that arrive through HBONE. Connects to the pod's own app only, which sees the client's address. */
final class InboundTunnels implements TunnelRequestHandler {
    private static final int UNAVAILABLE = 503;

    private final PodContext pod;
    private final UpstreamConnector app;
    private final InboundRouting routing;

    InboundTunnels(PodContext pod, UpstreamConnector app) {
        this.pod = pod;
        this.app = app;
        this.routing = new InboundRouting(pod.config().ownPorts(), pod.config().localhostAppTunnel());
    }

    @Override
    public void onConnect(TunnelRequest request) {
        try {
            Channel connection = request.connection();
            InetSocketAddress source = CanonicalAddress.ofChannel(connection.remoteAddress());
            InetSocketAddress local = CanonicalAddress.ofChannel(connection.localAddress());
            serve(request, source, local);
        } catch (ClosedChannelException e) {
            request.refuse(UNAVAILABLE); // the connection has been closed meanwhile
        }
    }

    private void serve(TunnelRequest request, InetSocketAddress source, InetSocketAddress local) {
        Authority authority = request.authority();
        AccessLog.Connection log =
                new AccessLog.Connection("inbound", source, request.peerIdentity(), local, authority.toString(), pod.identity());
        Optional<Workload> self = pod.workload();
        if (self.isEmpty()) {
            refuse(request, log, UNAVAILABLE, PodContext.UNKNOWN);
            return;
        }
        InboundRoute route = routing.route(pod.mesh(), self.get(), local.getAddress(), authority, request.peerIdentity(), Trace.NONE);
        if (route instanceof InboundRoute.Refused refused) {
            refuse(request, log, refused.status(), refused.reason());
        } else if (route instanceof InboundRoute.ToApp toApp) {
            connect(request, source, toApp, log);
        }
    }

    private void refuse(TunnelRequest request, AccessLog.Connection log, int status, String reason) {
        pod.access().failed(log, reason);
        request.refuse(status);
    }

    private void connect(TunnelRequest request, InetSocketAddress source, InboundRoute.ToApp route, AccessLog.Connection log) {
        EventLoop loop = request.connection().eventLoop();
        DestinationAddress destination = new DestinationAddress(route.app());
        Future<UpstreamConnection> upstream = CountedSockets.connect(Admission.of(request.connection()), pod.limit(), loop,
                () -> route.keepsClient()
                        ? app.connect(loop, new ClientAddress(source.getAddress()), destination, PodContext.FOR_RELAY)
                        : app.connect(loop, destination, PodContext.FOR_RELAY));
        request.abandoned().addListener(gone -> upstream.cancel(false));
        // An unexpected error ends the whole connection: otherwise the client would wait for an answer indefinitely.
        upstream.addListener((Future<UpstreamConnection> done) -> Guarded.run(pod.access().lines(), request.connection(),
                () -> connected(done, request, source, route, log)));
    }

    private void connected(Future<UpstreamConnection> done, TunnelRequest request, InetSocketAddress source, InboundRoute.ToApp route,
            AccessLog.Connection log) {
        if (!done.isSuccess()) {
            refuse(request, log, UNAVAILABLE, done.isCancelled() ? "the client cancelled the request" : AccessLog.words(done.cause()));
            return;
        }
        EpollSocketChannel toApp = done.getNow().channel();
        pod.connections().add(toApp);
        try {
            TunnelChannel tunnel = request.accept(pod.telemetry().orElseThrow().answer(), PodContext.FOR_RELAY);
            if (route.announced() != null) {
                ProxyHeader.write(toApp, source, route.announced(), request.peerIdentity());
            }
            Admission client = Admission.of(request.connection());
            Guarded.run(pod.access().lines(), tunnel,
                    () -> Guarded.relay(tunnel, toApp, client, result -> pod.access().ended(log, result)));
        } catch (TunnelResetException e) {
            pod.access().failed(log, AccessLog.words(e));
            Resets.reset(toApp);
        } catch (RuntimeException | Error e) {
            Resets.reset(toApp);
            throw e;
        }
    }
}
