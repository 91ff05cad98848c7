package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.limit.ConnectDeadline;
import io.inpod.examples.ztunnel.limit.CountedBytes;
import io.inpod.hbone.ConnectionIdentities;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.HboneTimes;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.client.HbonePool;
import io.inpod.netns.IpFamily;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.share.Admission;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetAddress;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.function.Predicate;

/** The outgoing HBONE connections of a pod, one pool per event loop. Their sockets are opened in the pod's namespace. */
final class TunnelPools {
    private final PodContext pod;
    private final OwnConnections ofNode;
    private final IdentityHashMap<EventLoop, HbonePool> pools = new IdentityHashMap<>();
    private final InnerTunnels inner;
    private final int connectMillis;

    TunnelPools(PodContext pod, Shared shared) {
        this.pod = pod;
        this.ofNode = shared.tunnels();
        HboneOptions options = CountedBytes.bound(HboneOptions.client().with(times(pod.config().connectDeadline())), pod.config().limits());
        this.connectMillis = (int) options.times().handshake().toMillis();
        for (EventLoop loop : shared.loops()) {
            pools.put(loop, new HbonePool(loop, shared.certificates(), this::connect, options, shared.counters().traffic().tunnels(false)));
        }
        this.inner = new InnerTunnels(pod, shared, this, options);
    }

    /** Each step of a new connection has its part of the time, and the request's answer all of it. */
    private static HboneTimes times(Duration whole) {
        Duration step = ConnectDeadline.step(whole);
        return HboneTimes.client().withHandshake(step, step).withAnswer(whole).withQueue(whole);
    }

    private ChannelFuture connect(EventLoop loop, HboneDestination destination, ChannelHandler initializer) {
        SocketOptions common = pod.isWithinNode(destination.address().getAddress()) ? pod.socketsWithinNode() : pod.sockets();
        SocketOptions options = common.withFamily(IpFamily.of(destination.address().getAddress()).protocolFamily());
        ChannelFactory<EpollSocketChannel> sockets = NettyChannels.client(pod.namespace(), options);
        return new Bootstrap().group(loop).channelFactory(() -> counted(sockets, destination.address().getAddress()))
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, connectMillis)
                .handler(initializer).connect(destination.address());
    }

    /** Adds the channel here, not when connecting completes: if the socket can't be created, the future's channel never closes. */
    private EpollSocketChannel counted(ChannelFactory<EpollSocketChannel> sockets, InetAddress peer) {
        Admission admission = pod.clients().admit(peer);
        if (admission == null) {
            pod.limit().socketsExhausted(peer);
            throw new ChannelException("the pod has its share of the proxy's sockets");
        }
        EpollSocketChannel channel;
        try {
            channel = sockets.newChannel();
        } catch (RuntimeException e) {
            admission.close();
            throw e;
        }
        admission.attachTo(channel);
        channel.closeFuture().addListener(closed -> admission.close());
        pod.connections().add(channel);
        pod.own().track(channel);
        ofNode.track(channel);
        return channel;
    }

    /** Returns the pool of an event loop; to be used on that loop. */
    HbonePool on(EventLoop loop) {
        HbonePool pool = pools.get(loop);
        if (pool == null) {
            throw new IllegalStateException("not one of the proxy's event loops: " + loop);
        }
        return pool;
    }

    /** Returns the tunnels within these tunnels. */
    InnerTunnels inner() {
        return inner;
    }

    /** Resets the connections of which an end's certificate isn't trusted any more. */
    void retire(Predicate<ConnectionIdentities> which) {
        pools.forEach((loop, pool) -> loop.execute(() -> pool.retire(which, Duration.ZERO)));
    }

    /** Opens no more tunnels; each connection ends after its last one. */
    void drain() {
        inner.drain();
        pools.forEach((loop, pool) -> loop.execute(pool::drain));
    }

    void close() {
        inner.close();
        pools.forEach((loop, pool) -> loop.execute(pool::close));
    }
}
