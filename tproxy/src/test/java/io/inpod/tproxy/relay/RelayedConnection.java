package io.inpod.tproxy.relay;

import io.inpod.tproxy.share.Share;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A client and a server, plain JDK sockets, and a relay between them that hasn't been started yet. */
final class RelayedConnection implements AutoCloseable, RelayListener {
    final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    final EventLoop loop = loops.next();
    final Socket client;
    final Socket server;
    final SocketChannel downstream;
    final SocketChannel upstream;
    final CompletableFuture<RelayResult> result = new CompletableFuture<>();
    volatile long readByRelay;
    int timesEnded;

    RelayedConnection() throws Exception {
        this(Kind.OURS);
    }

    RelayedConnection(Kind kind) throws Exception {
        CompletableFuture<SocketChannel> accepted = new CompletableFuture<>();
        InetAddress loopback = InetAddress.getLoopbackAddress();
        ChannelInitializer<SocketChannel> prepare = new ChannelInitializer<>() {
            @Override
            protected void initChannel(SocketChannel channel) {
                RelayOptions.DEFAULT.prepare(channel);
                accepted.complete(channel);
            }
        };
        Channel listener = new ServerBootstrap().group(loops).channelFactory(kind.listeners())
                .childOption(ChannelOption.AUTO_READ, false).childHandler(prepare).bind(loopback, 0).sync().channel();
        try (ServerSocket app = new ServerSocket(0, 16, loopback)) {
            client = new Socket(loopback, ((InetSocketAddress) listener.localAddress()).getPort());
            downstream = accepted.get(10, TimeUnit.SECONDS);
            upstream = (SocketChannel) new Bootstrap().group(loops).channelFactory(kind.sockets())
                    .option(ChannelOption.AUTO_READ, false).handler(new ChannelInboundHandlerAdapter())
                    .connect(app.getLocalSocketAddress()).sync().channel();
            server = app.accept();
        }
        loop.submit(() -> RelayOptions.DEFAULT.prepare(upstream)).sync();
        downstream.pipeline().addFirst(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                long bytes = ((ByteBuf) message).readableBytes();
                context.fireChannelRead(message);
                readByRelay += bytes; // on the one event loop only
            }
        });
        listener.close().sync();
        client.setSoTimeout(30_000);
        server.setSoTimeout(30_000);
    }

    RelayedConnection started() {
        Relay.start(downstream, upstream, this);
        return this;
    }

    RelayedConnection started(Share bytes) {
        Relay.start(downstream, upstream, RelayOptions.DEFAULT, bytes, this);
        return this;
    }

    Relay start(RelayOptions options) {
        return Relay.start(downstream, upstream, options, this);
    }

    @Override
    public void relayEnded(RelayResult ended) {
        timesEnded++;
        result.complete(ended);
    }

    RelayResult result() throws Exception {
        return result.get(30, TimeUnit.SECONDS);
    }

    @Override
    public void close() throws IOException {
        client.close();
        server.close();
        downstream.close().syncUninterruptibly();
        upstream.close().syncUninterruptibly();
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        if (timesEnded > 1) {
            throw new AssertionError("the listener was called " + timesEnded + " times");
        }
    }
}
