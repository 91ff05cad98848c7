package io.inpod.benchmarks;

import io.inpod.hbone.Authority;
import io.inpod.hbone.ConnectRequest;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.Header;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelResetException;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.server.HboneServer;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** An HBONE client and server on the loopback address, each on its own event loop. */
final class HboneLoopback implements AutoCloseable {
    static final SpiffeId CLIENT = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/client");
    static final SpiffeId SERVER = SpiffeId.parse("spiffe://cluster.local/ns/b/sa/server");
    /** The usual headers of a request. */
    static final List<Header> HEADERS = List.of(
            new Header("baggage",
                    "k8s.cluster.name=Kubernetes,k8s.namespace.name=default,k8s.deployment.name=client,"
                            + "service.name=client,service.version=v1"),
            new Header("forwarded", "for=\"10.88.1.1:47934\""),
            new Header("traceparent", "00-c51ab52e96509283371bc5741149e82d-252cd6f565fe6f9b-00"));
    /** Small tunnels wait behind the bytes in a receive buffer; on a short path a larger buffer adds no throughput. */
    private static final int RECEIVE_BUFFER = 512 << 10;
    private static final ConnectRequest REQUEST = new ConnectRequest(Authority.parse("10.1.2.3:8080"), HEADERS);

    final DevelopmentCa ca;
    final EventLoopGroup serverLoops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    final EventLoopGroup clientLoops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    final EventLoop clientLoop = clientLoops.next();
    final HboneDestination destination;
    private final Path directory;

    HboneLoopback(Supplier<ChannelHandler> application) throws IOException, InterruptedException {
        directory = Files.createTempDirectory("hbone-benchmark");
        ca = DevelopmentCa.open(directory);
        HboneServer server = new HboneServer(ca, HboneOptions.server(), HboneEvents.NONE);
        InetSocketAddress address = listen(server.handler(SERVER, request -> {
            try {
                request.accept(List.of(), application.get());
            } catch (TunnelResetException e) {
                throw new IllegalStateException(e);
            }
        }));
        destination = new HboneDestination(CLIENT, Set.of(SERVER), address, null);
    }

    InetSocketAddress listen(ChannelHandler handler) throws InterruptedException {
        return (InetSocketAddress) new ServerBootstrap().group(serverLoops).channel(EpollServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 1024).option(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER)
                .childHandler(handler).bind(InetAddress.getLoopbackAddress(), 0).sync().channel().localAddress();
    }

    Channel connect(InetSocketAddress to, ChannelHandler handler) throws InterruptedException {
        return new Bootstrap().group(clientLoop).channel(EpollSocketChannel.class).option(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER)
                .handler(handler)
                .connect(to).sync().channel();
    }

    HbonePool pool() {
        return new HbonePool(clientLoop, ca,
                (loop, to, initializer) -> new Bootstrap().group(loop).channel(EpollSocketChannel.class)
                        .option(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER).handler(initializer)
                        .connect(to.address()),
                HboneOptions.client(), HboneEvents.NONE);
    }

    /** Runs on the client's loop. */
    Future<TunnelChannel> open(HbonePool pool, ChannelHandler handler) {
        return pool.open(destination, REQUEST, handler);
    }

    @SuppressWarnings("FutureReturnValueIgnored") // both futures are awaited
    TunnelChannel openNow(HbonePool pool, ChannelHandler handler) throws Exception {
        return clientLoop.submit(() -> open(pool, handler)).get(20, TimeUnit.SECONDS).get(20, TimeUnit.SECONDS);
    }

    /** CPU time of this process, both sides together, in nanoseconds. */
    static long cpu() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    @Override
    public void close() throws IOException {
        clientLoops.shutdownGracefully(100, 5_000, TimeUnit.MILLISECONDS).awaitUninterruptibly();
        serverLoops.shutdownGracefully(100, 5_000, TimeUnit.MILLISECONDS).awaitUninterruptibly();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path p : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(p);
            }
        }
    }
}
