package io.inpod.examples.recipes;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.util.concurrent.TimeUnit;

/** Event loops that serve all pods, outside any of them. */
record Loops(EventLoopGroup group) implements AutoCloseable {
    Loops() {
        this(new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory()));
    }

    @Override
    public void close() {
        group.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }
}
