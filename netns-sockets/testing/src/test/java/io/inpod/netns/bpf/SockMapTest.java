package io.inpod.netns.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.tcp.TcpSockets;
import io.inpod.netns.testing.Pod;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.SockMaps;
import io.inpod.netns.testing.Tool;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How many bytes have crossed a pod's network is read from `ip -s link`. */
@Pods(2)
@Timeout(60)
class SockMapTest {
    private static final int PORT = 7000;
    private static final int FROM = 40_000;
    private static final int MUCH = 3_000_000;
    private static final Pattern SENT = Pattern.compile("TX:.*\\n *(\\d+)");

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
    private final List<Channel> open = new ArrayList<>();
    private SockMap map;

    @BeforeEach
    void openMap() throws IOException {
        map = SockMaps.open();
        SockMaps.require(map);
    }

    @AfterEach
    void close() throws Exception {
        for (Channel channel : open) {
            channel.close().sync();
        }
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
        if (map != null) {
            map.close();
        }
    }

    /** One end of a connection, and what it has received. */
    private static final class End extends ChannelInboundHandlerAdapter {
        private final ByteBuf received = Unpooled.buffer();
        private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
        private volatile SocketChannel channel;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            synchronized (received) {
                received.writeBytes(bytes);
                received.notifyAll();
            }
            bytes.release();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                events.add("end");
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            events.add(cause.getMessage());
        }

        byte[] await(int count) throws InterruptedException {
            synchronized (received) {
                while (received.readableBytes() < count) {
                    received.wait();
                }
                byte[] bytes = new byte[received.readableBytes()];
                received.readBytes(bytes);
                return bytes;
            }
        }

        void send(byte[] bytes) throws InterruptedException {
            channel.writeAndFlush(Unpooled.wrappedBuffer(bytes)).sync();
        }
    }

    private record Connection(End client, End server) {
        boolean join(SockMap map) {
            return map.join(client.channel, server.channel);
        }

        void carriesBothWays(long seed) throws Exception {
            byte[] bytes = new byte[MUCH];
            new Random(seed).nextBytes(bytes);
            CompletableFuture<Void> answer = CompletableFuture.runAsync(() -> {
                try {
                    server.send(bytes);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            client.send(bytes);
            assertThat(server.await(MUCH)).isEqualTo(bytes);
            assertThat(client.await(MUCH)).isEqualTo(bytes);
            answer.get();
        }
    }

    private Connection connect(NetworkNamespace from, NetworkNamespace to, InetAddress address, int port) throws Exception {
        BlockingQueue<End> accepted = new LinkedBlockingQueue<>();
        Channel listener = new ServerBootstrap().group(loops).channelFactory(NettyChannels.server(to)).childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        End end = new End();
                        channel.pipeline().addLast(end, (ChannelHandler) new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelActive(ChannelHandlerContext context) {
                                accepted.add(end);
                            }
                        });
                        end.channel = (SocketChannel) channel;
                    }
                }).bind(new InetSocketAddress(address, PORT)).sync().channel();
        End client = new End();
        try (TcpSockets sockets = new TcpSockets(from, IpFamily.of(address), SocketOptions.NONE)) {
            client.channel = (SocketChannel) new Bootstrap().group(loops).channelFactory(sockets).option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                    .option(ChannelOption.SO_REUSEADDR, true).handler(client)
                    .connect(new InetSocketAddress(address, PORT), port == 0 ? null : new InetSocketAddress(port)).sync().channel();
        }
        open.add(client.channel);
        End server = accepted.take();
        open.add(server.channel);
        listener.close().sync();
        return new Connection(client, server);
    }

    private Connection connect(PodNetwork network, InetAddress address) throws Exception {
        return connect(network.pod(0).namespace(), network.pod(1).namespace(), address, 0);
    }

    private static long sent(Pod pod) throws IOException {
        Matcher sent = SENT.matcher(Tool.run(pod.namespace(), "ip", "-s", "link", "show", "eth0"));
        assertThat(sent.find()).isTrue();
        return Long.parseLong(sent.group(1));
    }

    @Test
    void whatIsSentBypassesTheNetwork(PodNetwork network) throws Exception {
        for (InetAddress address : List.of(network.pod(1).address(), network.pod(1).address6())) {
            Connection connection = connect(network, address);
            assertThat(connection.join(map)).isTrue();
            long before = sent(network.pod(0)) + sent(network.pod(1));
            connection.carriesBothWays(1);
            assertThat(sent(network.pod(0)) + sent(network.pod(1)) - before).as("%s", address).isLessThan(MUCH / 100);

            Connection other = connect(network, address);
            before = sent(network.pod(0));
            other.carriesBothWays(2);
            assertThat(sent(network.pod(0)) - before).as("not joined").isGreaterThan(MUCH);
        }
    }

    @Test
    void endsAndResetsArriveAfterWhatWasSent(PodNetwork network) throws Exception {
        Connection connection = connect(network, network.pod(1).address());
        assertThat(connection.join(map)).isTrue();
        connection.client.send(new byte[MUCH]);
        connection.client.channel.shutdownOutput().sync();
        assertThat(connection.server.await(MUCH)).hasSize(MUCH);
        assertThat(connection.server.events.take()).isEqualTo("end");

        connection.server.send(new byte[] {1});
        assertThat(connection.client.await(1)).containsExactly(1);
        connection.server.channel.config().setSoLinger(0);
        connection.server.channel.close().sync();
        assertThat(connection.client.events.take()).contains("reset");
    }

    /** Networks of their own may use the same addresses. The second connection must not get what is meant for the first. */
    @Test
    void anotherConnectionWithTheSameAddressesStaysInItsNetwork(PodNetwork network) throws Exception {
        try (PodNetwork others = PodNetwork.create(2)) {
            assertThat(others.pod(1).address()).isEqualTo(network.pod(1).address());
            Connection one = connect(network.pod(0).namespace(), network.pod(1).namespace(), network.pod(1).address(), FROM);
            Connection other = connect(others.pod(0).namespace(), others.pod(1).namespace(), others.pod(1).address(), FROM);
            assertThat(one.join(map)).isTrue();
            assertThat(other.join(map)).isFalse();
            one.carriesBothWays(1);
            other.carriesBothWays(2);
        }
    }

    @Test
    void aFullMapLeavesConnectionsInTheNetworkUntilOthersHaveEnded(PodNetwork network) throws Exception {
        try (SockMap small = SockMap.open(1)) {
            Connection first = connect(network, network.pod(1).address());
            assertThat(first.join(small)).isTrue();
            Connection second = connect(network, network.pod(1).address());
            assertThat(second.join(small)).isFalse();
            second.carriesBothWays(1);

            first.client.channel.close().sync();
            first.server.channel.close().sync();
            Connection third = connect(network, network.pod(1).address());
            assertThat(third.join(small)).isTrue();
            third.carriesBothWays(2);
        }
    }

    @Test
    void connectionsOutliveTheMap(PodNetwork network) throws Exception {
        Connection connection = connect(network, network.pod(1).address());
        assertThat(connection.join(map)).isTrue();
        map.close();
        connection.carriesBothWays(1);
        assertThat(connect(network, network.pod(1).address()).join(map)).isFalse();
    }
}
