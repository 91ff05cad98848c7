package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.limit.ConnectDeadline;
import io.inpod.examples.ztunnel.mesh.MeshState.Demand;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Trace;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.route.Choice;
import io.inpod.examples.ztunnel.route.Hop;
import io.inpod.examples.ztunnel.route.Needed;
import io.inpod.examples.ztunnel.route.OutboundRoute;
import io.inpod.examples.ztunnel.route.OutboundRoute.LookUp;
import io.inpod.examples.ztunnel.route.OutboundRoute.OtherNetwork;
import io.inpod.examples.ztunnel.route.OutboundRoute.Plaintext;
import io.inpod.examples.ztunnel.route.OutboundRoute.Refused;
import io.inpod.examples.ztunnel.route.OutboundRoute.ToWaypoint;
import io.inpod.examples.ztunnel.route.OutboundRoute.Tunnel;
import io.inpod.examples.ztunnel.route.Target;
import io.inpod.examples.ztunnel.trace.ConnectionTrace;
import io.inpod.examples.ztunnel.traffic.ResponseFlag;
import io.inpod.hbone.Authority;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelRefusedException;
import io.inpod.tproxy.Resets;
import io.inpod.tproxy.share.Admission;
import io.inpod.tproxy.upstream.UpstreamConnection;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One client's way to its destination. If an endpoint can't be connected to, nothing of the client has been sent, so another one is tried.
 * On the client's event loop.
 */
final class OutboundAttempt {
    static final String CLIENT_GONE = "the client disconnected before the upstream connection was established";
    private static final int SERVER_ERROR = 500;

    private final OutboundPath path;
    private final PodContext pod;
    private final Mesh mesh;
    private final Workload self;
    private final SocketChannel client;
    private final InetSocketAddress source;
    private final Target target;
    private final Outcome outcome;
    private final ConnectionTrace trace;
    private final ConnectDeadline deadline;
    private Choice choice = Choice.atRandom();
    private int failures;

    OutboundAttempt(OutboundPath path, Mesh mesh, Workload self, SocketChannel client, InetSocketAddress source, Target target,
            Outcome outcome, ConnectionTrace trace) {
        this.trace = trace;
        this.path = path;
        this.pod = path.pod();
        this.mesh = mesh;
        this.self = self;
        this.client = client;
        this.source = source;
        this.target = target;
        this.outcome = outcome;
        this.deadline = new ConnectDeadline(client.eventLoop(), pod.config().connectDeadline());
    }

    /** What has failed a moment ago is tried only if there is nothing else. */
    void start() {
        Set<String> recent = path.failures().get();
        if (!recent.isEmpty()) {
            choice = Choice.atRandom().without(recent);
            OutboundRoute route = decide();
            if (!(route instanceof Refused)) {
                follow(route);
                return;
            }
            choice = Choice.atRandom();
        }
        follow(decide());
    }

    private OutboundRoute decide() {
        return path.routing().route(mesh, self, target, choice, Trace.NONE);
    }

    private void follow(OutboundRoute route) {
        if (route instanceof Plaintext plaintext) {
            connect(plaintext);
        } else if (route instanceof Tunnel tunnel) {
            open(tunnel);
        } else if (route instanceof ToWaypoint waypoint) {
            open(waypoint);
        } else if (route instanceof OtherNetwork other) {
            open(other);
        } else if (route instanceof LookUp lookUp) {
            lookUp(lookUp);
        } else if (route instanceof Refused refused) {
            refuse(log(AccessLog.address(target), null, null, null), refused.isForbidden() ? new ForbiddenException(refused.message())
                    : new UnroutableException(refused.message()));
        }
    }

    private void lookUp(LookUp route) {
        Workload workload = route.workload();
        Try one = log(AccessLog.address(target), null, workload, route.service());
        if (workload != null) {
            path.lookedUp(self, route.hostname());
        }
        NameAttempt.start(pod, client, route, choice, deadline.left(), address -> found(route, address), cause -> {
            if (workload == null) {
                refuse(one, cause);
            } else {
                passOver(workload, one, cause);
            }
        });
    }

    /** An address of a name that the mesh doesn't have is asked for too, if the mesh has to be asked. */
    private void found(LookUp route, InetAddress address) {
        if (pod.demand() != Demand.NONE && route.workload() == null) {
            path.open(client, source, new Target.Address(address, target.port()), outcome, trace);
        } else {
            follow(route.then().at(address));
        }
    }

    private void connect(Plaintext route) {
        Try one = log(route.destination(), null, route.workload(), route.service());
        if (pod.isOwnListener(route.destination())) {
            refuse(one, new ForbiddenException(OutboundPath.RECURSIVE));
            return;
        }
        if (pod.demand() == Demand.NONE) {
            connect(route, one);
            return;
        }
        InetAddress to = route.destination().getAddress();
        Demanded.await(pod, client, client.closeFuture(), Needed.forPlaintext(self, to), unanswered -> {
            Mesh now = pod.self().mesh();
            if (unanswered != null) {
                refuse(one, new ForbiddenException(PodContext.UNANSWERED + unanswered));
            } else if (now != mesh && Needed.speaksHbone(now, self, to)) {
                path.open(client, source, target, outcome, trace);
            } else {
                connect(route, one);
            }
        });
    }

    private void connect(Plaintext route, Try one) {
        Workload workload = route.workload();
        Future<UpstreamConnection> connection = path.connect(client, route.destination());
        carry(connection, UpstreamConnection::channel, workload, one, cause -> {
            if (workload == null) {
                refuse(one, cause);
            } else {
                passOver(workload, one, cause);
            }
        });
    }

    private void open(Tunnel route) {
        Service service = route.service();
        Try one = log(route.hop(), route.workload(), service, null);
        Future<TunnelChannel> tunnel = path.tunnel(client, source, route.hop(), service == null ? null : service.hostname().hostname(),
                trace.parent());
        carry(tunnel, channel -> channel, route.workload(), one, cause -> {
            // a peer that is reached, and refuses for a reason of its own, would do so elsewhere too
            if (cause instanceof TunnelRefusedException refused && refused.status() < SERVER_ERROR) {
                refuse(one, cause);
            } else {
                passOver(route.workload(), one, cause);
            }
        });
    }

    private void open(ToWaypoint route) {
        Service service = route.service();
        Try one = log(route.hop(), route.waypoint(), service, route.waypoint());
        carry(path.tunnel(client, source, route.hop(), service == null ? null : service.hostname().hostname(), trace.parent()),
                channel -> channel,
                route.waypoint(), one,
                cause -> passOverUnlessAnswered(route.waypoint(), one, cause));
    }

    private void open(OtherNetwork route) {
        Try one = log(route.gateway().peer(), route.authority(), null, route.service());
        carry(path.tunnel(client, source, route, trace.parent()), channel -> channel, route.through(), one,
                cause -> passOverUnlessAnswered(route.through(), one, cause));
    }

    /** What a waypoint or a gateway answers isn't about itself. A gateway's answer is the reason why the connection within has failed. */
    private void passOverUnlessAnswered(Workload through, Try one, Throwable cause) {
        if (cause instanceof TunnelRefusedException || cause.getCause() instanceof TunnelRefusedException) {
            refuse(one, cause);
        } else {
            passOver(through, one, cause);
        }
    }

    /** Tries another endpoint, if the client is still there and the mesh has another. */
    private void passOver(Workload failed, Try one, Throwable cause) {
        if (!(cause instanceof TunnelRefusedException)) { // what one port answers says nothing about the others
            path.failures().add(failed.uid());
        }
        choice = choice.without(Set.of(failed.uid()));
        failures++;
        if (failures < ConnectDeadline.MOST_TRIES && client.isOpen() && !deadline.isOver()) {
            OutboundRoute next = decide();
            if (isUntried(next, choice)) {
                follow(next);
                return;
            }
        }
        refuse(one, cause);
    }

    private static boolean isUntried(OutboundRoute route, Choice choice) {
        Workload peer = route.peer();
        return peer != null && !choice.failed().contains(peer.uid());
    }

    /** Whether there would be something else to try if this failed. */
    private boolean isAnotherThan(@Nullable Workload peer) {
        if (peer == null || failures + 1 >= ConnectDeadline.MOST_TRIES) {
            return false;
        }
        Choice others = choice.without(Set.of(peer.uid()));
        return isUntried(path.routing().route(mesh, self, target, others, Trace.NONE), others);
    }

    /** Without a tunnel, or with one whose other end isn't known before it is open. */
    private Try log(InetSocketAddress to, @Nullable Authority authority, @Nullable Workload peer, @Nullable Service service) {
        return log(new AccessLog.End(to, null, peer), authority, service, null);
    }

    private Try log(Hop hop, Workload peer, @Nullable Service service, @Nullable Workload waypoint) {
        return log(new AccessLog.End(hop.peer(), peer.identity(), peer), hop.authority(), service, waypoint);
    }

    private Try log(AccessLog.End to, @Nullable Authority authority, @Nullable Service service, @Nullable Workload waypoint) {
        AccessLog.End from = new AccessLog.End(source, authority == null ? null : pod.identity(), self);
        return new Try(new AccessLog.Connection("outbound", from, to, authority, service == null ? null : service.hostname().hostname(),
                waypoint, failures, trace), service);
    }

    private void refuse(Try one, Throwable cause) {
        pod.reports().failed(one.log(), one.service(), cause);
        path.failed(outcome, cause);
    }

    private void connected(Channel upstream) {
        try {
            outcome.connected();
        } catch (RuntimeException | Error e) {
            Resets.reset(upstream);
            throw e;
        }
    }

    /** A hop as it appears in the log, and the service that was asked for. */
    private record Try(AccessLog.Connection log, @Nullable Service service) {}

    /** Receives why there is no connection. */
    private interface Failure {
        void because(Throwable cause);
    }

    private <T> void carry(Future<T> upstream, Function<T, DuplexChannel> channel, @Nullable Workload peer, Try one,
            Failure failure) {
        client.closeFuture().addListener(gone -> upstream.cancel(false)); // does nothing after success
        ConnectDeadline.Watch watch =
                deadline.watch(one.log()::what, upstream, () -> isAnotherThan(peer));
        upstream.addListener((Future<T> done) -> Guarded.run(pod.access().lines(), client, () -> {
            SocketTimeoutException expired = watch.stop();
            if (done.isSuccess()) {
                DuplexChannel up = channel.apply(done.getNow());
                pod.connections().add(up);
                if (peer != null) {
                    path.failures().remove(peer.uid());
                }
                connected(up);
                AccessLog.Connection log = one.log();
                AccessLog.Connection shown = up instanceof TunnelChannel tunnel && log.destination().identity() == null
                        ? log.to(tunnel.peerIdentity()) : log;
                pod.reports().relayed(shown, one.service(), target instanceof Target.Address ? AccessLog.address(target) : null,
                        listener -> Guarded.relay(client, up, Admission.of(client), listener));
            } else if (expired != null) {
                failure.because(expired);
            } else if (done.isCancelled()) {
                pod.reports().failed(one.log(), one.service(), ResponseFlag.CONNECT, CLIENT_GONE);
                client.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
            } else {
                failure.because(done.cause());
            }
        }));
    }
}
