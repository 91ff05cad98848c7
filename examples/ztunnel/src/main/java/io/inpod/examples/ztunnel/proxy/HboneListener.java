package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.tproxy.OriginalDestination;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;

/** Port 15008: connections that carry tunnels to the pod. */
final class HboneListener extends PodListener {
    private final Connections accepted;
    private final ChannelHandler tunnels;

    HboneListener(PodContext pod, EventLoopGroup loops, Connections accepted, ChannelHandler tunnels) {
        super(pod, ProxyConfig.INBOUND_HBONE, loops);
        this.accepted = accepted;
        this.tunnels = tunnels;
    }

    @Override
    void prepare(EpollSocketChannel connection) {
        accepted.add(connection);
        connection.pipeline().addLast(tunnels);
        connection.config().setAutoRead(true);
    }

    /** Its own handlers do, but for this. */
    @Override
    void serve(EpollSocketChannel connection, InetSocketAddress client, OriginalDestination itself) throws ClosedChannelException {
        pod.fromOutside(connection, client);
    }
}
