package io.inpod.netns.selftest;

import io.inpod.netns.socket.JdkChannels;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.Pod;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Tries TCP from one namespace to another: the accepted connection must come from the client's address. */
final class Traffic {
    private static final int LIMIT_SECONDS = 10;
    private static final int QUIET_MILLIS = 100; // with none, Netty 4.2 may end a loop without closing its channels

    private Traffic() {}

    /** Makes the JDK open the descriptors that it keeps forever. */
    static void prepare() throws IOException {
        ServerSocketChannel.open().close();
        SocketChannel.open().close();
    }

    static String jdk(Pod server, Pod client) throws IOException {
        try (ServerSocketChannel listener =
                JdkChannels.listen(server.namespace(), SocketOptions.NONE, new InetSocketAddress(server.address(), 0));
                SocketChannel connection = JdkChannels.client(client.namespace(), SocketOptions.NONE)) {
            connection.socket().connect(listener.getLocalAddress(), LIMIT_SECONDS * 1000);
            try (SocketChannel accepted = listener.accept()) {
                return fromTo(client, accepted.getRemoteAddress(), accepted.getLocalAddress());
            }
        }
    }

    static String netty(Pod server, Pod client) throws Exception {
        CompletableFuture<SocketAddress> accepted = new CompletableFuture<>();
        MultiThreadIoEventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try {
            Channel listener = new ServerBootstrap().group(loop).channelFactory(NettyChannels.server(server.namespace()))
                    .childHandler(new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelRead(ChannelHandlerContext context, Object message) {
                            ReferenceCountUtil.release(message);
                            accepted.complete(context.channel().remoteAddress());
                        }
                    }).bind(new InetSocketAddress(server.address(), 0)).sync().channel();
            Channel connection = new Bootstrap().group(loop).channelFactory(NettyChannels.client(client.namespace()))
                    .handler(new ChannelInboundHandlerAdapter()).connect(listener.localAddress()).sync().channel();
            connection.writeAndFlush(connection.alloc().buffer(1).writeByte(1)).sync();
            return fromTo(client, accepted.get(LIMIT_SECONDS, TimeUnit.SECONDS), listener.localAddress());
        } finally {
            loop.shutdownGracefully(QUIET_MILLIS, LIMIT_SECONDS * 1000, TimeUnit.MILLISECONDS).sync();
        }
    }

    private static String fromTo(Pod client, SocketAddress from, SocketAddress to) {
        Features.expect(((InetSocketAddress) from).getAddress().equals(client.address()), "the connection came from " + from);
        return from + " to " + to;
    }
}
