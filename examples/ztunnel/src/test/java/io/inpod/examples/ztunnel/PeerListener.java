package io.inpod.examples.ztunnel;

import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.testing.Pod;
import io.inpod.tproxy.Resets;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A listener at port 15008 of a pod, with an event loop of its own. */
final class PeerListener implements AutoCloseable {
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final Channel listener;

    PeerListener(Pod pod, Supplier<ChannelHandler> handlers) throws InterruptedException {
        loops.forEach(loop -> loop.submit(() -> { }).awaitUninterruptibly()); // no thread may start in a pod
        listener = new ServerBootstrap().group(loops).channelFactory(NettyChannels.server(pod.namespace()))
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel connection) {
                        connections.add(connection);
                        connection.pipeline().addLast(handlers.get());
                    }
                }).bind("0.0.0.0", 15008).sync().channel();
    }

    /** Resets all connections, and refuses others. Idempotent. */
    @Override
    public void close() {
        if (!loops.isShuttingDown()) {
            listener.close().syncUninterruptibly();
            loops.submit(() -> connections.forEach(Resets::reset)).syncUninterruptibly();
            connections.newCloseFuture().syncUninterruptibly();
            loops.shutdownGracefully(100, 20_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        }
    }
}
