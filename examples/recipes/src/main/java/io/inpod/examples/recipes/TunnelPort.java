package io.inpod.examples.recipes;

import io.inpod.hbone.Authority;
import io.inpod.hbone.client.Connector;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.forward.PortForwarder;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.netns.InPodConstants;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetSocketAddress;

/**
 * A local port that leads through tunnels, for psql, curl and other clients that know only sockets:
 * {@code TunnelPort 5432 10.0.0.7 spiffe://cluster.local/ns/a/sa/us spiffe://cluster.local/ns/a/sa/peer 10.0.0.7:5432}.
 */
public final class TunnelPort {
    private TunnelPort() {}

    static ChannelFuture listen(HboneClient hbone, HboneDestination peer, Authority app, int port, EventLoopGroup loops) {
        return new ServerBootstrap().group(loops).channel(EpollServerSocketChannel.class)
                .childHandler(new PortForwarder(hbone).handler(peer, app))
                .bind("127.0.0.1", port); // whoever can connect has our identity
    }

    public static void main(String[] args) throws Exception {
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(RelayIoHandler.newFactory());
        DevelopmentCa certificates = DevelopmentCa.open(DevelopmentCa.defaultDirectory(System.getenv()));
        HboneClient hbone = new HboneClient(loops, certificates, Connector.of(EpollSocketChannel::new));
        HboneDestination peer =
                new HboneDestination(SpiffeId.parse(args[2]), SpiffeId.parse(args[3]),
                        new InetSocketAddress(args[1], InPodConstants.HBONE_PORT));
        listen(hbone, peer, Authority.parse(args[4]), Integer.parseInt(args[0]), loops).sync().channel().closeFuture().sync();
    }
}
