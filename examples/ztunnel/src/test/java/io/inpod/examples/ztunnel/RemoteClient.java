package io.inpod.examples.ztunnel;

import io.inpod.hbone.Authority;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelRefusedException;
import io.inpod.hbone.client.Connector;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.testing.Pod;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A client with a valid certificate that opens tunnels to a pod, and asks again for each that it is refused. */
final class RemoteClient implements AutoCloseable {
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final HboneClient client;
    private final HboneDestination peer;
    private final AtomicInteger held = new AtomicInteger();
    private final AtomicInteger refused = new AtomicInteger();
    private volatile boolean over;

    /** Creates a client without connections. */
    RemoteClient(ZtunnelProcess ztunnel, Pod from, Pod to, String accountOfPeer) throws IOException {
        DevelopmentCa ca = DevelopmentCa.open(ztunnel.home.resolve("ca"));
        client = new HboneClient(loops, ca, Connector.of(NettyChannels.client(from.namespace())));
        SpiffeId expected = new SpiffeId("cluster.local", "default", accountOfPeer);
        peer = new HboneDestination(new SpiffeId("cluster.local", "default", "sa-s"), expected, new InetSocketAddress(to.address(), 15008));
    }

    /** Opens a tunnel, or is refused. */
    Future<TunnelChannel> connect(InetSocketAddress destination) {
        return client.connect(peer, Authority.of(destination), List.of(), new ChannelInboundHandlerAdapter() {
            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable reset) {
                // when this client, or the ztunnel, ends
            }
        });
    }

    /** Has a number of requests at a time until that many tunnels are open. */
    void keepAsking(int number, InetSocketAddress destination, long pauseMillis) {
        for (int i = 0; i < number; i++) {
            keepAsking(destination, pauseMillis);
        }
    }

    private void keepAsking(InetSocketAddress destination, long pauseMillis) {
        connect(destination).addListener(asked -> {
            if (asked.isSuccess()) {
                held.incrementAndGet();
                return;
            }
            if (asked.cause() instanceof TunnelRefusedException) {
                refused.incrementAndGet();
            }
            if (!over) {
                loops.schedule(() -> keepAsking(destination, pauseMillis), pauseMillis, TimeUnit.MILLISECONDS);
            }
        });
    }

    /** Returns the number of tunnels that it has been given. */
    int held() {
        return held.get();
    }

    /** Returns the number of answers other than 200. */
    int refused() {
        return refused.get();
    }

    /** Asks no more. */
    void stop() {
        over = true;
    }

    /** Resets all tunnels, and disconnects. */
    @Override
    public void close() {
        stop();
        client.close();
        loops.shutdownGracefully(100, 20_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }
}
