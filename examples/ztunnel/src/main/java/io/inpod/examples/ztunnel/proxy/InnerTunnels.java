package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.route.OutboundRoute;
import io.inpod.hbone.Authority;
import io.inpod.hbone.ConnectRequest;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.client.HbonePool;
import io.inpod.tproxy.share.Admission;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.IdentityHashMap;

/**
 * HBONE connections to other networks, each within a tunnel to the network's gateway ("double HBONE"). The gateway leads each of them to
 * one backend. So that a service's backends share its clients, there are {@value #LANES} connections to a service, which are taken in turn,
 * and more as soon as one has {@value #TUNNELS} tunnels. One pool per event loop.
 */
final class InnerTunnels {
    /** How many connections a pod's clients of one service use in turn, on each event loop. */
    static final int LANES = 4;
    /** How many tunnels a connection carries. */
    static final int TUNNELS = 8;

    private final PodContext pod;
    private final TunnelPools outer;
    private final IdentityHashMap<EventLoop, Turns> pools = new IdentityHashMap<>();

    /** The pool of an event loop, and whose turn it is. */
    private static final class Turns {
        private final HbonePool pool;
        private int next;

        Turns(HbonePool pool) {
            this.pool = pool;
        }
    }

    /** What keeps connections apart, and leads them through the gateway. */
    private record Lane(HboneDestination gateway, Authority authority, int number) {}

    InnerTunnels(PodContext pod, Shared shared, TunnelPools outer, HboneOptions options) {
        this.pod = pod;
        this.outer = outer;
        HboneOptions few = options.withMaxConcurrentStreams(TUNNELS);
        for (EventLoop loop : shared.loops()) {
            pools.put(loop, new Turns(new HbonePool(loop, shared.certificates(), this::connect, few,
                    shared.counters().traffic().tunnels(false).onlyRejected())));
        }
    }

    /** Opens a tunnel through a gateway. To be called on that loop. */
    Future<TunnelChannel> open(EventLoop loop, HboneDestination gateway, OutboundRoute.OtherNetwork route, ConnectRequest request,
            ChannelHandler initializer) {
        Turns turns = pools.get(loop);
        if (turns == null) {
            throw new IllegalStateException("not one of the proxy's event loops: " + loop);
        }
        turns.next = (turns.next + 1) % LANES;
        Lane lane = new Lane(gateway, route.gateway().authority(), turns.next);
        HboneDestination peer =
                new HboneDestination(gateway.source(), route.identities(), gateway.address(), gateway.sourceAddress(), lane);
        return turns.pool.open(peer, request, initializer);
    }

    /** The outer tunnel is used as the socket of the inner connection. */
    private Future<TunnelChannel> connect(EventLoop loop, HboneDestination destination, ChannelHandler initializer) {
        if (!(destination.label() instanceof Lane lane)) {
            throw new IllegalStateException("not opened here: " + destination);
        }
        ConnectRequest request = new ConnectRequest(lane.authority(), pod.telemetry().orElseThrow().request());
        Future<TunnelChannel> tunnel = outer.on(loop).open(lane.gateway(), request, initializer);
        return tunnel.addListener((Future<TunnelChannel> done) -> {
            Admission admission = done.isSuccess() ? Admission.of(done.getNow().parent()) : null;
            if (admission != null) {
                admission.attachTo(done.getNow()); // what waits in the inner connection counts like what waits in the outer one
            }
        });
    }

    void drain() {
        pools.forEach((loop, turns) -> loop.execute(turns.pool::drain));
    }

    void close() {
        pools.forEach((loop, turns) -> loop.execute(turns.pool::close));
    }
}
