package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.limit.CountedSockets;
import io.inpod.examples.ztunnel.limit.NewNames;
import io.inpod.examples.ztunnel.live.LiveConnection;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.policy.Attempt;
import io.inpod.examples.ztunnel.route.InboundRoute;
import io.inpod.examples.ztunnel.route.InboundRouting;
import io.inpod.examples.ztunnel.route.Target;
import io.inpod.examples.ztunnel.trace.ConnectionTrace;
import io.inpod.examples.ztunnel.traffic.ResponseFlag;
import io.inpod.hbone.Authority;
import io.inpod.hbone.TraceParent;
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
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Port 15008: serves requests that arrive through HBONE. Connects to the pod's own app only, which sees the client's address. */
final class InboundTunnels implements TunnelRequestHandler {
    private static final int UNAUTHORIZED = 401;
    private static final int UNAVAILABLE = 503;

    private final PodContext pod;
    private final UpstreamConnector app;
    private final InboundRouting routing;
    private final NewNames newNames = new NewNames(System::nanoTime);

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
            ConnectionTrace trace = pod.reports().traces().begin(true, TraceParent.of(request.headers()).orElse(null));
            pod.whenKnown(connection, request.abandoned(), () -> serve(request, source, local, trace, false));
        } catch (ClosedChannelException e) {
            request.refuse(UNAVAILABLE); // the connection has been closed meanwhile
        }
    }

    /** Serves a request, which may have counted already as one for which the control plane is asked. */
    private void serve(TunnelRequest request, InetSocketAddress source, InetSocketAddress local, ConnectionTrace trace, boolean counted) {
        Authority authority = request.authority();
        InetAddress asked = authority.address();
        OwnWorkload.Known known = pod.self().known(); // one state of the mesh
        Optional<Workload> self = known.workload();
        AccessLog.Connection log = new AccessLog.Connection("inbound",
                pod.peer(known.mesh(), source, request.peerIdentity()),
                new AccessLog.End(local, pod.identity(), self.orElse(null)), authority,
                asked == null ? authority.host().toLowerCase(Locale.ROOT) : null).traced(trace);
        if (self.isEmpty()) {
            refuse(request, log, UNAVAILABLE, ResponseFlag.CONNECT, PodContext.UNKNOWN);
            return;
        }
        List<String> names = needed(known.mesh(), self.get(), local, authority, asked);
        boolean asks = !names.isEmpty() && names.stream().anyMatch(name -> !pod.demand().isAsked(name));
        if (asks && !counted && !newNames.tryTake(source.getAddress())) {
            refuse(request, log, UNAVAILABLE, ResponseFlag.CONNECT,
                    "too many requests name what the control plane would have to be asked for");
            return;
        }
        if (!names.isEmpty()) {
            Demanded.await(pod, request.connection(), request.abandoned(), names, unanswered -> {
                if (unanswered == null) {
                    serve(request, source, local, trace, counted || asks); // the answer may name something else that is needed
                } else {
                    refuse(request, log, UNAVAILABLE, ResponseFlag.CONNECT, PodContext.UNANSWERED + unanswered);
                }
            });
            return;
        }
        if (Demanded.isOutdated(pod, known.mesh())) {
            serve(request, source, local, trace, counted);
            return;
        }
        InboundRoute route = routing.route(known.mesh(), self.get(), local.getAddress(), authority, request.peerIdentity(), Trace.NONE);
        if (route instanceof InboundRoute.Refused refused) {
            refuse(request, log, refused.status(), ResponseFlag.CONNECT, refused.reason());
        } else if (route instanceof InboundRoute.ToApp toApp) {
            Attempt attempt = new Attempt(source.getAddress(), request.peerIdentity(), toApp.policyAddress());
            LiveConnection live =
                    pod.enter(request.connection(), attempt, log, reason -> refuse(request, log, UNAUTHORIZED, ResponseFlag.DENY, reason));
            if (live != null) {
                connect(request, source, toApp, live, log);
            }
        }
    }

    /** Nothing but the pod itself if the request is for its address. */
    private List<String> needed(Mesh mesh, Workload self, InetSocketAddress local, Authority authority, @Nullable InetAddress asked) {
        if (local.getAddress().equals(asked)) {
            return List.of();
        }
        return Demanded.names(pod, mesh, self, asked == null ? new Target.Name(authority.host(), authority.port())
                : new Target.Address(asked, authority.port()));
    }

    private void refuse(TunnelRequest request, AccessLog.Connection log, int status, ResponseFlag flag, String reason) {
        pod.reports().failed(log, null, flag, reason);
        request.refuse(status);
    }

    private void connect(TunnelRequest request, InetSocketAddress source, InboundRoute.ToApp route, LiveConnection live,
            AccessLog.Connection log) {
        EventLoop loop = request.connection().eventLoop();
        DestinationAddress destination = new DestinationAddress(route.app());
        Future<UpstreamConnection> upstream = CountedSockets.connect(Admission.of(request.connection()), pod.limit(), loop,
                () -> route.keepsClient()
                        ? app.connect(loop, new ClientAddress(source.getAddress()), destination, PodContext.forRelay())
                        : app.connect(loop, destination, PodContext.forRelay()));
        live.whenCut(() -> upstream.cancel(false));
        request.abandoned().addListener(gone -> upstream.cancel(false));
        // An unexpected error ends the whole connection: otherwise the client would wait for an answer indefinitely.
        upstream.addListener((Future<UpstreamConnection> done) -> Guarded.run(pod.access().lines(), request.connection(),
                () -> connected(done, request, source, route, live, log)));
    }

    private void connected(Future<UpstreamConnection> done, TunnelRequest request, InetSocketAddress source, InboundRoute.ToApp route,
            LiveConnection live, AccessLog.Connection log) {
        String cut = live.cut();
        if (!done.isSuccess() || cut != null) {
            live.end();
            if (done.isSuccess()) {
                Resets.reset(done.getNow().channel());
            }
            String failure = done.isSuccess() || done.isCancelled() ? "the client cancelled the request" : AccessLog.words(done.cause());
            refuse(request, log, cut == null ? UNAVAILABLE : UNAUTHORIZED, cut == null ? ResponseFlag.CONNECT : Reports.cut(live),
                    cut == null ? failure : cut);
            return;
        }
        SocketChannel toApp = done.getNow().channel();
        pod.connections().add(toApp);
        toApp.closeFuture().addListener(closed -> live.end());
        try {
            TunnelChannel tunnel = request.accept(pod.telemetry().orElseThrow().answer(), PodContext.forRelay());
            if (route.announced() != null) {
                ProxyHeader.write(toApp, source, route.announced(), request.peerIdentity());
            }
            Admission client = Admission.of(request.connection());
            Guarded.run(pod.access().lines(), tunnel,
                    () -> pod.reports().relayed(log, route.app(), live, listener -> Guarded.relay(tunnel, toApp, client, listener)));
        } catch (TunnelResetException e) {
            pod.reports().failed(log, null, e);
            Resets.reset(toApp);
        } catch (RuntimeException | Error e) {
            Resets.reset(toApp);
            throw e;
        }
    }
}
