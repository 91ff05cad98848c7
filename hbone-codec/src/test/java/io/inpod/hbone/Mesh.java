package io.inpod.hbone;

import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.server.HboneServer;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A CA, a server and a pool, each on its own event loop; closed in order. */
final class Mesh implements AutoCloseable {
    static final SpiffeId CLIENT = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/client");
    static final SpiffeId SERVER = SpiffeId.parse("spiffe://cluster.local/ns/b/sa/server");
    static final Authority APP = Authority.parse("10.1.2.3:8080");
    static final long PATIENCE = 20;

    final DevelopmentCa ca;
    final Path directory;
    final EventLoopGroup serverLoops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    final EventLoopGroup clientLoops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    final EventLoop clientLoop = clientLoops.next();
    final ChannelGroup accepted = new DefaultChannelGroup(serverLoops.next());
    final LinkedBlockingQueue<String> serverEvents = new LinkedBlockingQueue<>();
    final LinkedBlockingQueue<String> clientEvents = new LinkedBlockingQueue<>();
    final List<Channel> clientConnections = new CopyOnWriteArrayList<>();
    private final List<Runnable> closing = new CopyOnWriteArrayList<>();

    /** Prepares the directory of the CA, which doesn't exist yet. */
    interface Preparation {
        void prepare(Path directory) throws Exception;
    }

    Mesh() throws Exception {
        this(directory -> { });
    }

    Mesh(Preparation preparation) throws Exception {
        directory = Files.createTempDirectory("hbone-ca");
        preparation.prepare(directory.resolve("ca"));
        ca = DevelopmentCa.open(directory.resolve("ca"));
    }

    InetSocketAddress serve(TunnelRequestHandler handler) throws Exception {
        return serve(new HboneServer(ca, HboneOptions.server(), events(serverEvents)), handler);
    }

    InetSocketAddress serve(HboneServer server, TunnelRequestHandler handler) throws Exception {
        return listen(server.handler(SERVER, handler));
    }

    InetSocketAddress listen(ChannelHandler handler) throws Exception {
        Channel listener = new ServerBootstrap().group(serverLoops).channel(EpollServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accepted.add(channel);
                        channel.pipeline().addLast(handler);
                    }
                }).bind(InetAddress.getLoopbackAddress(), 0).sync().channel();
        closing.add(() -> listener.close().syncUninterruptibly());
        return (InetSocketAddress) listener.localAddress();
    }

    HbonePool pool() {
        return pool(HboneOptions.client());
    }

    HbonePool pool(HboneOptions options) {
        return pool(ca, options);
    }

    HbonePool pool(CertificateSource source, HboneOptions options) {
        return pool(source, options, events(clientEvents));
    }

    HbonePool pool(CertificateSource source, HboneOptions options, HboneEvents events) {
        HbonePool pool = new HbonePool(clientLoop, source, (loop, destination, initializer) -> {
            var future = new Bootstrap().group(loop).channel(EpollSocketChannel.class).handler(initializer).connect(destination.address());
            clientConnections.add(future.channel());
            return future;
        }, options, events);
        closing.add(() -> clientLoop.submit(pool::close).syncUninterruptibly());
        return pool;
    }

    static HboneEvents events(java.util.Collection<String> log) {
        return new HboneEvents() {
            @Override
            public void handshakeFailed(Channel connection, String reason) {
                log.add("handshake: " + reason);
            }

            @Override
            public void connectionFailed(Channel connection, String reason) {
                log.add("connection: " + reason);
            }

            @Override
            public void requestExpired(Channel connection, java.time.Duration patience) {
                log.add("expired: " + patience);
            }

            @Override
            public void handlerFailed(Channel connection, Throwable cause) {
                log.add("handler: " + cause);
            }
        };
    }

    static HboneDestination to(InetSocketAddress address) {
        return new HboneDestination(CLIENT, Set.of(SERVER), address, null);
    }

    <T> T onClient(Callable<T> action) throws Exception {
        return clientLoop.submit(action).get(PATIENCE, TimeUnit.SECONDS);
    }

    Future<TunnelChannel> start(HbonePool pool, HboneDestination destination, ChannelHandler handler) throws Exception {
        return onClient(() -> pool.open(destination, new ConnectRequest(APP, List.of()), handler));
    }

    Recorder open(HbonePool pool, InetSocketAddress address) throws Exception {
        return open(pool, address, new Recorder());
    }

    Recorder open(HbonePool pool, InetSocketAddress address, Recorder recorder) throws Exception {
        start(pool, to(address), recorder).get(PATIENCE, TimeUnit.SECONDS);
        return recorder;
    }

    /** Echoes all input, and then ends the output. */
    static TunnelRequestHandler echo() {
        return request -> accept(request, new Echo());
    }

    /** Accepts a request, which its client must not have reset. */
    static TunnelChannel accept(TunnelRequest request, ChannelHandler handler) {
        try {
            return request.accept(List.of(), handler);
        } catch (TunnelResetException e) {
            throw new IllegalStateException(e);
        }
    }

    static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void handlerAdded(io.netty.channel.ChannelHandlerContext ctx) {
            ctx.channel().config().setOption(io.netty.channel.ChannelOption.ALLOW_HALF_CLOSURE, true);
        }

        @Override
        public void channelRead(io.netty.channel.ChannelHandlerContext ctx, Object message) {
            ctx.write(message);
        }

        @Override
        public void channelReadComplete(io.netty.channel.ChannelHandlerContext ctx) {
            ctx.flush();
            ctx.channel().config().setAutoRead(ctx.channel().isWritable());
        }

        @Override
        public void channelWritabilityChanged(io.netty.channel.ChannelHandlerContext ctx) {
            ctx.channel().config().setAutoRead(ctx.channel().isWritable());
        }

        @Override
        public void userEventTriggered(io.netty.channel.ChannelHandlerContext ctx, Object event) {
            if (event instanceof io.netty.channel.socket.ChannelInputShutdownEvent) {
                ((TunnelChannel) ctx.channel()).shutdownOutput();
            }
        }

        @Override
        public void exceptionCaught(io.netty.channel.ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    @Override
    public void close() throws IOException {
        closing.forEach(Runnable::run);
        accepted.close().awaitUninterruptibly();
        var clients = clientLoops.shutdownGracefully(20, 5000, TimeUnit.MILLISECONDS);
        serverLoops.shutdownGracefully(20, 5000, TimeUnit.MILLISECONDS).awaitUninterruptibly();
        clients.awaitUninterruptibly();
        try (var files = Files.walk(directory)) {
            for (Path p : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(p);
            }
        }
    }
}
