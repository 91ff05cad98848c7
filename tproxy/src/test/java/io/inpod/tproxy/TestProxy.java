package io.inpod.tproxy;

import static io.inpod.netns.socket.LinuxSocketOptions.MARK;
import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.Tool;
import io.inpod.tproxy.relay.Relay;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.relay.RelayOptions;
import io.inpod.tproxy.upstream.PortRange;
import io.inpod.tproxy.upstream.UpstreamConnection;
import io.inpod.tproxy.upstream.UpstreamConnector;
import io.inpod.tproxy.upstream.UpstreamOptions;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/** A transparent proxy in a pod and an echo application there, sharing a few event loops. */
final class TestProxy implements AutoCloseable {
    static final int PROXY_PORT = 15006;
    static final int APP_PORT = 8080;
    private static final int LIMIT_MILLIS = 20_000;
    static final SocketOptions MARKED = UpstreamOptions.DEFAULT.sockets().with(MARK, 0x539);

    final Queue<OriginalDestination> destinations = new ConcurrentLinkedQueue<>();
    final Queue<ClientAddress> clientsSeenByApp = new ConcurrentLinkedQueue<>();
    final Queue<UpstreamConnection> connections = new ConcurrentLinkedQueue<>();
    private final UpstreamConnector connector;
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, RelayIoHandler.newFactory());

    TestProxy(NetworkNamespace namespace, PortRange ports) throws Exception {
        connector = new UpstreamConnector(namespace, UpstreamOptions.DEFAULT.withSockets(MARKED).withPorts(ports));
        listen(NettyChannels.server(namespace, MARKED.with(TRANSPARENT, true)), PROXY_PORT, new ChannelInitializer<>() {
            @Override
            protected void initChannel(SocketChannel accepted) throws IOException {
                RelayOptions.DEFAULT.prepare(accepted);
                OriginalDestination destination = OriginalDestination.of(accepted);
                destinations.add(destination);
                proxy(accepted, destination);
            }
        });
        listen(NettyChannels.server(namespace), APP_PORT, new ChannelInitializer<>() {
            @Override
            protected void initChannel(SocketChannel accepted) throws IOException {
                clientsSeenByApp.add(ClientAddress.of(accepted));
                accepted.config().setAutoRead(true);
                accepted.pipeline().addLast(new Echo());
            }
        });
    }

    private void proxy(SocketChannel accepted, OriginalDestination destination) throws IOException {
        connector.connect(accepted.eventLoop(), ClientAddress.of(accepted), destination.destination(), new ChannelInboundHandlerAdapter()).addListener(connected -> {
            if (connected.isSuccess()) {
                UpstreamConnection upstream = (UpstreamConnection) connected.getNow();
                connections.add(upstream);
                Relay.start(accepted, upstream.channel(), ended -> {});
            } else {
                accepted.config().setSoLinger(0);
                accepted.close();
            }
        });
    }

    private void listen(ChannelFactory<EpollServerSocketChannel> factory, int port, ChannelInitializer<SocketChannel> each) throws InterruptedException {
        new ServerBootstrap().group(loops).channelFactory(factory).childOption(ChannelOption.AUTO_READ, false).childHandler(each).bind(port).sync();
    }

    @Override
    public void close() {
        // Without a quiet period Netty (4.2.18) may end a loop without closing its channels.
        loops.shutdownGracefully(100, 20_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
        connector.close();
    }

    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.writeAndFlush((ByteBuf) message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    static java.nio.channels.SocketChannel connect(Pod from, InetAddress to, int sourcePort) throws IOException {
        return connect(from, to, sourcePort, LIMIT_MILLIS);
    }

    /** Opens a connection through the proxy, sends four bytes, and waits for their echo. */
    static java.nio.channels.SocketChannel connect(Pod from, InetAddress to, int sourcePort, int limitMillis) throws IOException {
        java.nio.channels.SocketChannel client = from.namespace().call(() -> java.nio.channels.SocketChannel.open());
        try {
            client.bind(new InetSocketAddress(sourcePort));
            client.socket().connect(new InetSocketAddress(to, APP_PORT), limitMillis);
            client.socket().setSoTimeout(limitMillis);
            exchange(client);
            return client;
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    static void exchange(java.nio.channels.SocketChannel client) throws IOException {
        client.socket().getOutputStream().write(new byte[] {1, 2, 3, 4});
        if (client.socket().getInputStream().readNBytes(4).length != 4) {
            throw new IOException("the echo ended early");
        }
    }

    /** Loads rules with the system's own tool. */
    static void restore(NetworkNamespace namespace, String... lines) throws IOException {
        Path file = Files.createTempFile("rules", ".txt");
        try {
            Files.write(file, List.of(lines));
            Tool.run(namespace, "iptables-restore", file.toString());
        } finally {
            Files.delete(file);
        }
    }

    /** Rules that send the answers to spoofed connections back to the proxy, and all other traffic through it by NAT. */
    static void redirect(NetworkNamespace namespace) throws IOException {
        DualStack.restore(namespace,
                "*mangle",
                "-A PREROUTING -m mark --mark 0x539/0xfff -j CONNMARK --set-xmark 0x111/0xfff",
                "-A OUTPUT -m connmark --mark 0x111/0xfff -j CONNMARK --restore-mark",
                "COMMIT",
                "*nat",
                "-A PREROUTING -p tcp --dport 8080 -m mark ! --mark 0x539/0xfff -j REDIRECT --to-ports 15006",
                "COMMIT");
    }

    /** The same without NAT. */
    static void tproxy(NetworkNamespace namespace) throws IOException {
        DualStack.restore(namespace,
                "*mangle",
                "-A PREROUTING -m mark --mark 0x539/0xfff -j CONNMARK --set-xmark 0x111/0xfff",
                "-A PREROUTING -p tcp --dport 8080 ! -i lo -m mark ! --mark 0x539/0xfff -j TPROXY --on-port 15006 --tproxy-mark 0x111/0xfff",
                "-A OUTPUT -m connmark --mark 0x111/0xfff -j CONNMARK --restore-mark",
                "COMMIT");
    }

    static void close(Iterable<? extends AutoCloseable> all) throws Exception {
        for (AutoCloseable one : all) {
            one.close();
        }
    }
}
