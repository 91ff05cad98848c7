package io.inpod.tproxy.relay;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.DuplexChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A path with at least one relay between a client and a server, which are plain JDK sockets. */
abstract class RelayPath implements AutoCloseable {
    /** One connection along the path. The result is that of the relay next to the client. */
    record Connection(SocketChannel client, SocketChannel server, Relay relay, CompletableFuture<RelayResult> result) {}

    static final long LIMIT_SECONDS = 60;
    final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    final EventLoop loop = loops.next();
    private final ServerSocketChannel app = ServerSocketChannel.open();
    private final Channel listener;
    private final BlockingQueue<DuplexChannel> accepted = new LinkedBlockingQueue<>();

    private final Kind kind;

    RelayPath(Kind kind) throws IOException {
        this.kind = kind;
        app.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        listener = listen(new ChannelInitializer<DuplexChannel>() {
            @Override
            protected void initChannel(DuplexChannel channel) {
                RelayOptions.DEFAULT.prepare(channel);
                accepted.add(channel);
            }
        });
    }

    /** The upstream channel of the relay next to the client. */
    abstract DuplexChannel upstream(RelayOptions options) throws Exception;

    Connection connect(RelayOptions options, int clientBuffer) throws Exception {
        SocketChannel client = socket(clientBuffer);
        client.connect(listener.localAddress());
        Connection accepted = accept(options);
        return new Connection(client, accepted.server(), accepted.relay(), accepted.result());
    }

    /** Carries the connection of a client that isn't ours. */
    Connection accept(RelayOptions options) throws Exception {
        DuplexChannel downstream = accepted.take();
        DuplexChannel upstream = upstream(options);
        CompletableFuture<RelayResult> result = new CompletableFuture<>();
        Relay relay = Relay.start(downstream, upstream, options, result::complete);
        return new Connection(null, app.accept(), relay, result);
    }

    static SocketChannel socket(int buffer) throws IOException {
        SocketChannel socket = SocketChannel.open();
        socket.setOption(StandardSocketOptions.SO_RCVBUF, buffer);
        socket.setOption(StandardSocketOptions.SO_SNDBUF, buffer);
        socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
        return socket;
    }

    /** The address of the relay next to the client. */
    final InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    final Channel listen(ChannelHandler handler) {
        return new ServerBootstrap().group(loops).channelFactory(kind.listeners()).childOption(ChannelOption.AUTO_READ, false)
                .childHandler(handler).bind(InetAddress.getLoopbackAddress(), 0).syncUninterruptibly().channel();
    }

    /** Opens a connection on the event loop, to the server if {@code to} is null. */
    final ChannelFuture open(SocketAddress to, ChannelHandler handler) throws IOException {
        return new Bootstrap().group(loop).channelFactory(kind.sockets()).option(ChannelOption.AUTO_READ, false)
                .handler(handler).connect(to == null ? app.getLocalAddress() : to);
    }

    static ChannelHandler prepared(RelayOptions options) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                options.prepare(channel);
            }
        };
    }

    @Override
    public void close() throws IOException {
        listener.close().syncUninterruptibly();
        app.close();
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }
}
