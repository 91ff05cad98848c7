package io.inpod.examples.recipes;

import io.inpod.hbone.forward.AppConnector;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.server.HboneServer;
import io.inpod.netns.InPodConstants;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Tunnels that lead to local apps at the given ports only: {@code TunnelServer spiffe://cluster.local/ns/a/sa/peer 5432 8080}. */
public final class TunnelServer {
    private TunnelServer() {}

    static ChannelFuture listen(CertificateSource certificates, SpiffeId identity, InetAddress apps, Set<Integer> ports, int port,
            EventLoopGroup loops) {
        AppConnector connector = new AppConnector(EpollSocketChannel::new, request -> {
            int asked = request.authority().port();
            return ports.contains(asked) ? new InetSocketAddress(apps, asked) : null; // null refuses the request
        });
        return new ServerBootstrap().group(loops).channel(EpollServerSocketChannel.class)
                .childHandler(new HboneServer(certificates).handler(identity, connector)).bind(port);
    }

    public static void main(String[] args) throws Exception {
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(RelayIoHandler.newFactory());
        DevelopmentCa certificates = DevelopmentCa.open(DevelopmentCa.defaultDirectory(System.getenv()));
        Set<Integer> ports = Stream.of(args).skip(1).map(Integer::valueOf).collect(Collectors.toSet());
        listen(certificates, SpiffeId.parse(args[0]), InetAddress.getLoopbackAddress(), ports, InPodConstants.HBONE_PORT, loops)
                .sync().channel().closeFuture().sync();
    }
}
