package io.inpod.examples.recipes;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.util.ArrayList;
import java.util.List;

/** Runs an echo server in each of many network namespaces, in one process and on the same event loops: {@code EchoServers <names...>}. */
public final class EchoServers {
    private EchoServers() {}

    static List<Channel> start(List<NetworkNamespace> namespaces, int port, EventLoopGroup loops) throws InterruptedException {
        ServerBootstrap bootstrap = new ServerBootstrap().group(loops).childHandler(new Echo());
        List<Channel> servers = new ArrayList<>();
        for (NetworkNamespace namespace : namespaces) {
            servers.add(bootstrap.clone().channelFactory(NettyChannels.server(namespace)).bind(port).sync().channel());
        }
        return servers;
    }

    public static void main(String[] names) throws Exception {
        List<NetworkNamespace> namespaces = new ArrayList<>();
        for (String name : names) {
            namespaces.add(NetworkNamespace.named(name));
        }
        List<Channel> servers = start(namespaces, 7, new MultiThreadIoEventLoopGroup(EpollIoHandler.newFactory()));
        namespaces.forEach(NetworkNamespace::close); // a socket keeps its namespace
        for (Channel server : servers) {
            server.closeFuture().sync();
        }
    }

    @Sharable
    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.writeAndFlush(message).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
        }
    }
}
