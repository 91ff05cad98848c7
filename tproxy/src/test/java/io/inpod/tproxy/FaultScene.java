package io.inpod.tproxy;

import static io.inpod.netns.socket.LinuxSocketOptions.MARK;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.listen.AcceptHandler;
import io.inpod.tproxy.listen.AcceptLoop;
import io.inpod.tproxy.listen.AcceptRules;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.Relay;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.relay.RelayOptions;
import io.inpod.tproxy.relay.RelayResult;
import io.inpod.tproxy.upstream.SpoofPolicy;
import io.inpod.tproxy.upstream.UpstreamConnection;
import io.inpod.tproxy.upstream.UpstreamConnector;
import io.inpod.tproxy.upstream.UpstreamOptions;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A pod whose inbound and outbound connections to port 8080 go through a proxy, for tests in which something around it fails. */
final class FaultScene implements AutoCloseable {
    static final int LIMIT_SECONDS = 60;
    /** Options that detect a vanished peer within four seconds. */
    static final SocketOptions IMPATIENT = SocketOptions.NONE.withKeepalive(Duration.ofSeconds(1), Duration.ofSeconds(1), 3);

    final BlockingQueue<RelayResult> results = new LinkedBlockingQueue<>();
    final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
    final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
    private final UpstreamConnector connector;
    private final AcceptLoop loop;

    FaultScene(NetworkNamespace pod) throws IOException {
        this(pod, UpstreamOptions.DEFAULT.connectTimeout(), ChannelInboundHandlerAdapter::new);
    }

    FaultScene(NetworkNamespace pod, Duration connectTimeout) throws IOException {
        this(pod, connectTimeout, ChannelInboundHandlerAdapter::new);
    }

    FaultScene(NetworkNamespace pod, Duration connectTimeout, Supplier<ChannelHandler> upstreamHandler) throws IOException {
        TestProxy.restore(pod, "*nat",
                "-A OUTPUT -p tcp --dport 8080 -m mark ! --mark 0x539/0xfff -j REDIRECT --to-ports 15006",
                "-A PREROUTING -p tcp --dport 8080 -m mark ! --mark 0x539/0xfff -j REDIRECT --to-ports 15006", "COMMIT");
        SocketOptions sockets = IMPATIENT.with(MARK, 0x539);
        OwnConnections own = new OwnConnections();
        connector = new UpstreamConnector(pod, UpstreamOptions.DEFAULT.withSockets(sockets)
                .withPolicy(SpoofPolicy.NEVER).withConnectTimeout(connectTimeout));
        loop = AcceptLoop.listen(pod, new InetSocketAddress("0.0.0.0", TestProxy.PROXY_PORT), sockets, loops.next(),
                AcceptRules.ofPorts(Set.of(TestProxy.PROXY_PORT), own), new Proxy(upstreamHandler));
    }

    private final class Proxy implements AcceptHandler {
        private final Supplier<ChannelHandler> upstreamHandler;

        Proxy(Supplier<ChannelHandler> upstreamHandler) {
            this.upstreamHandler = upstreamHandler;
        }

        @Override
        public EventLoop pick(InetSocketAddress client, OriginalDestination destination) {
            return loops.next();
        }

        @Override
        public void accepted(io.netty.channel.socket.SocketChannel connection, InetSocketAddress client, OriginalDestination destination) {
            RelayOptions.DEFAULT.prepare(connection);
            Future<UpstreamConnection> upstream = connector.connect(connection.eventLoop(), destination.destination(), upstreamHandler.get());
            connection.closeFuture().addListener(gone -> upstream.cancel(false));
            upstream.addListener((Future<UpstreamConnection> connected) -> {
                if (connected.isSuccess()) {
                    RelayOptions.DEFAULT.prepare(connected.getNow().channel());
                    Relay.start(connection, connected.getNow().channel(), results::add);
                } else {
                    reset(connection);
                    failures.add(connected.cause());
                }
            });
        }

        @Override
        public void failed(Throwable cause) {
            failures.add(cause);
        }
    }

    private static void reset(Channel connection) {
        if (connection.isOpen()) {
            connection.config().setOption(ChannelOption.SO_LINGER, 0);
            connection.close();
        }
    }

    RelayResult result() throws InterruptedException {
        RelayResult result = results.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
        if (result == null) {
            throw new AssertionError("no relay has ended");
        }
        return result;
    }

    Throwable failure() throws InterruptedException {
        Throwable failure = failures.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
        if (failure == null) {
            throw new AssertionError("no connection has failed");
        }
        return failure;
    }

    static SocketChannel connect(NetworkNamespace from, InetAddress to) throws IOException {
        SocketChannel client = from.call(() -> SocketChannel.open());
        client.socket().setSoTimeout(LIMIT_SECONDS * 1000);
        client.socket().connect(new InetSocketAddress(to, TestProxy.APP_PORT), LIMIT_SECONDS * 1000);
        return client;
    }

    static ServerSocketChannel serve(NetworkNamespace in) throws IOException {
        return in.call(() -> ServerSocketChannel.open()).bind(new InetSocketAddress("0.0.0.0", TestProxy.APP_PORT));
    }

    static SocketChannel accept(ServerSocketChannel server) throws IOException {
        server.socket().setSoTimeout(LIMIT_SECONDS * 1000);
        SocketChannel accepted = server.socket().accept().getChannel();
        accepted.socket().setSoTimeout(LIMIT_SECONDS * 1000);
        return accepted;
    }

    /** Transfers one byte in each direction. */
    static void exchange(SocketChannel client, SocketChannel server) throws IOException {
        client.socket().getOutputStream().write(1);
        if (server.socket().getInputStream().read() != 1) {
            throw new IOException("the byte to the server is lost");
        }
        server.socket().getOutputStream().write(2);
        if (client.socket().getInputStream().read() != 2) {
            throw new IOException("the byte to the client is lost");
        }
    }

    /** Drops a part of the incoming packets. */
    static void drop(NetworkNamespace pod, String what) throws IOException {
        Tool.run(pod, "nft", "add table ip fault; add chain ip fault in { type filter hook prerouting priority -350; }; add rule ip fault in " + what + " drop");
    }

    static void dropNothing(NetworkNamespace pod) throws IOException {
        Tool.run(pod, "nft", "delete table ip fault");
    }

    @Override
    public void close() {
        loop.close();
        // Without a quiet period Netty (4.2.18) may end a loop without closing its channels.
        loops.shutdownGracefully(100, 20_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        connector.close();
    }
}
