package io.inpod.netns.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.LinuxSocketOptions;
import io.inpod.netns.socket.SocketOptions;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MaxMessagesRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.channel.unix.RawUnixChannelOption;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** On Netty's own event loops; what a relay does with these channels, and how ends look through them, is tested in tproxy. */
@Timeout(60)
class TcpChannelTest {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
    private static final IntegerUnixChannelOption NO_DELAY = new IntegerUnixChannelOption("TCP_NODELAY", 6, 1);
    private static final RawUnixChannelOption LINGER = new RawUnixChannelOption("SO_LINGER", 1, 13, 8);
    private static final int LATE = 100_000;

    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());

    @AfterEach
    void stop() throws InterruptedException {
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
    }

    private TcpChannel connect(InetSocketAddress to, SocketOptions options, ChannelInboundHandlerAdapter handler) throws Exception {
        try (NetworkNamespace here = NetworkNamespace.current(); TcpSockets sockets = new TcpSockets(here, IpFamily.V4, options)) {
            return (TcpChannel) new Bootstrap().group(loops).channelFactory(sockets).option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                    .option(ChannelOption.AUTO_READ, false).handler(handler).connect(to).sync().channel();
        }
    }

    private static InetSocketAddress address(ServerSocket server) {
        return new InetSocketAddress(LOOPBACK, server.getLocalPort());
    }

    private static ByteBuf bytes(int many) {
        return Unpooled.wrappedBuffer(new byte[many]);
    }

    @Test
    void setsOptionsWhenTheyMatter() throws Exception {
        SocketOptions options = SocketOptions.NONE.withKeepalive(Duration.ofSeconds(77), Duration.ofSeconds(7), 3)
                .with(LinuxSocketOptions.NOTSENT_LOWAT, LATE);
        try (ServerSocket server = new ServerSocket(0, 1, LOOPBACK)) {
            TcpChannel channel = connect(address(server), options, new ChannelInboundHandlerAdapter());
            try (Socket peer = server.accept()) {
                channel.writeAndFlush(bytes(1)).sync();
                assertThat(LinuxSocketOptions.KEEPALIVE.get(channel)).isFalse();
                assertThat(channel.config().getOption(NO_DELAY)).isZero();

                channel.writeAndFlush(bytes(1)).sync(); // may have to wait for the first one
                assertThat(channel.config().getOption(NO_DELAY)).isEqualTo(1);
                assertThat(LinuxSocketOptions.NOTSENT_LOWAT.get(channel)).isNotEqualTo(LATE);

                channel.writeAndFlush(bytes(Youth.LITTLE)).sync();
                assertThat(LinuxSocketOptions.NOTSENT_LOWAT.get(channel)).isEqualTo(LATE);
                assertThat(LinuxSocketOptions.KEEPALIVE.get(channel)).isTrue();
                assertThat(LinuxSocketOptions.KEEPALIVE_IDLE.get(channel)).isEqualTo(Duration.ofSeconds(77));
                assertThat(peer.getInputStream().readNBytes(2 + Youth.LITTLE)).hasSize(2 + Youth.LITTLE);
            }
            channel.close().sync();
        }
    }

    @Test
    void setsOptionsOfAConnectionThatLasts() throws Exception {
        SocketOptions options = SocketOptions.NONE.withKeepalive(Duration.ofSeconds(77), Duration.ofSeconds(7), 3);
        try (ServerSocket server = new ServerSocket(0, 2, LOOPBACK)) {
            TcpChannel brief = connect(address(server), options, new ChannelInboundHandlerAdapter());
            TcpChannel lasting = connect(address(server), options, new ChannelInboundHandlerAdapter());
            brief.close().sync();
            while (!LinuxSocketOptions.KEEPALIVE.get(lasting)) {
                assertThat(Thread.interrupted()).isFalse();
            }
            assertThat(LinuxSocketOptions.KEEPALIVE_COUNT.get(lasting)).isEqualTo(3);
            lasting.close().sync();
        }
    }

    @Test
    void readsToTheEndInSmallPieces() throws Exception {
        int all = 300_000;
        CompletableFuture<Integer> received = new CompletableFuture<>();
        ChannelInboundHandlerAdapter reader = new ChannelInboundHandlerAdapter() {
            private int bytes;

            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                bytes += ((ByteBuf) message).readableBytes();
                ((ByteBuf) message).release();
            }

            @Override
            public void channelReadComplete(ChannelHandlerContext ctx) {
                ctx.read();
            }

            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                if (event == ChannelInputShutdownReadComplete.INSTANCE) {
                    received.complete(bytes);
                }
            }
        };
        try (ServerSocket server = new ServerSocket(0, 1, LOOPBACK)) {
            TcpChannel channel = connect(address(server), SocketOptions.NONE, reader);
            channel.config().setRecvByteBufAllocator(new FixedRecvByteBufAllocator(1000));
            try (Socket peer = server.accept()) {
                peer.getOutputStream().write(new byte[all]);
            }
            channel.read();
            assertThat(received.get(30, TimeUnit.SECONDS)).isEqualTo(all);
            assertThat(channel.isInputShutdown()).isTrue();
            channel.close().sync();
        }
    }

    /** A read ends before urgent data, whatever follows it. */
    @Test
    void readsWhatFollowsUrgentData() throws Exception {
        BlockingQueue<String> received = new LinkedBlockingQueue<>();
        try (ServerSocket server = new ServerSocket(0, 1, LOOPBACK)) {
            TcpChannel channel = connect(address(server), SocketOptions.NONE, new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object message) {
                    ((ByteBuf) message).toString(StandardCharsets.US_ASCII).chars().forEach(c -> received.add(Character.toString(c)));
                    ((ByteBuf) message).release();
                }
            });
            try (Socket peer = server.accept()) {
                CountDownLatch sent = new CountDownLatch(1);
                loops.execute(() -> awaitUninterruptibly(sent)); // all has come before the first read
                peer.getOutputStream().write("abc".getBytes(StandardCharsets.US_ASCII));
                peer.sendUrgentData('!');
                peer.getOutputStream().write("efg".getBytes(StandardCharsets.US_ASCII));
                sent.countDown();
                channel.config().setAutoRead(true);
                for (String expected : "abcefg".split("")) {
                    assertThat(received.poll(20, TimeUnit.SECONDS)).isEqualTo(expected);
                }
            }
            channel.close().sync();
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void takesNettysOptions() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 2, LOOPBACK)) {
            TcpChannel channel = connect(address(server), SocketOptions.NONE, new ChannelInboundHandlerAdapter());
            assertThat(channel.config().setOption(EpollChannelOption.TCP_NOTSENT_LOWAT, 12_345L)).isTrue();
            assertThat(LinuxSocketOptions.NOTSENT_LOWAT.get(channel)).isEqualTo(12_345);
            assertThat(channel.config().getOption(EpollChannelOption.TCP_NOTSENT_LOWAT)).isEqualTo(12_345L);
            assertThat(channel.config().setOption(EpollChannelOption.TCP_CORK, true)).isTrue();
            assertThat(channel.config().getOption(new IntegerUnixChannelOption("TCP_CORK", 6, 3))).isEqualTo(1);
            channel.config().setTcpNoDelay(false);
            assertThat(channel.config().isTcpNoDelay()).isFalse();

            TcpChannel other = connect(address(server), SocketOptions.NONE, new ChannelInboundHandlerAdapter());
            channel.config().<MaxMessagesRecvByteBufAllocator>getRecvByteBufAllocator().maxMessagesPerRead(3);
            assertThat(other.config().<MaxMessagesRecvByteBufAllocator>getRecvByteBufAllocator().maxMessagesPerRead()).isEqualTo(16);
            channel.close().sync();
            other.close().sync();
        }
    }

    @Test
    void knowsTheAddressThatTheKernelHasChosen() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 2, LOOPBACK); NetworkNamespace here = NetworkNamespace.current();
                TcpSockets sockets = new TcpSockets(here, IpFamily.V4, SocketOptions.NONE)) {
            Channel channel = new Bootstrap().group(loops).channelFactory(sockets).handler(new ChannelInboundHandlerAdapter())
                    .localAddress(new InetSocketAddress("0.0.0.0", 0)).connect(address(server)).sync().channel();
            try (Socket peer = server.accept()) {
                assertThat(channel.localAddress()).isEqualTo(peer.getRemoteSocketAddress());
            }
            channel.close().sync();
        }
    }

    @Test
    void ipv6SocketsReachIpv4Addresses() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 2, InetAddress.getByName("127.0.0.1")); NetworkNamespace here = NetworkNamespace.current();
                TcpSockets sockets = new TcpSockets(here, IpFamily.V6, SocketOptions.NONE)) {
            new Bootstrap().group(loops).channelFactory(sockets).handler(new ChannelInboundHandlerAdapter())
                    .connect(new InetSocketAddress("127.0.0.1", server.getLocalPort())).sync().channel().close().sync();
        }
    }

    @Test
    void whatIsWrittenAfterTheEndOfTheOutputFailsAlone() throws Exception {
        BlockingQueue<Integer> received = new LinkedBlockingQueue<>();
        ChannelInboundHandlerAdapter reader = new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                received.add((int) ((ByteBuf) message).readByte());
                ((ByteBuf) message).release();
            }
        };
        try (ServerSocket server = new ServerSocket(0, 1, LOOPBACK)) {
            TcpChannel channel = connect(address(server), SocketOptions.NONE, reader);
            try (Socket peer = server.accept()) {
                channel.shutdownOutput().sync();
                assertThat(peer.getInputStream().read()).isEqualTo(-1);
                assertThat(channel.writeAndFlush(bytes(1)).await().cause()).isInstanceOf(ChannelOutputShutdownException.class);
                peer.getOutputStream().write(42);
                channel.read();
                assertThat(received.poll(30, TimeUnit.SECONDS)).isEqualTo(42);
            }
            channel.close().sync();
        }
    }

    @Test
    void acceptedConnectionsInheritTheirListenersOptions() throws Exception {
        BlockingQueue<TcpChannel> accepted = new LinkedBlockingQueue<>();
        Channel listener = new ServerBootstrap().group(loops).channelFactory(() -> {
            try {
                return TcpListener.of(new EpollServerSocketChannel(), true);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }).childHandler(new ChannelInitializer<TcpChannel>() {
            @Override
            protected void initChannel(TcpChannel channel) {
                accepted.add(channel);
            }
        }).bind(LOOPBACK, 0).sync().channel();
        try (Socket client = new Socket(LOOPBACK, ((InetSocketAddress) listener.localAddress()).getPort())) {
            TcpChannel channel = accepted.poll(30, TimeUnit.SECONDS);
            assertThat(channel.localAddress().getPort()).isEqualTo(client.getPort());
            assertThat(channel.remoteAddress().getPort()).isEqualTo(client.getLocalPort());
            assertThat(channel.config().getOption(NO_DELAY)).isEqualTo(1);
            assertThat(channel.config().getOption(LINGER).order(ByteOrder.nativeOrder()).getInt(0)).isEqualTo(1);
            channel.close().sync();
            assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class).hasMessageContaining("reset");
        }
        listener.close().sync();
    }

    /** They have the options that it had when they came. */
    @Test
    void connectionsThatCameBeforeTheirListenerWasTakenOverAreAsked() throws Exception {
        BlockingQueue<TcpChannel> accepted = new LinkedBlockingQueue<>();
        io.netty.channel.unix.Socket before = io.netty.channel.unix.Socket.newSocketStream();
        before.bind(new InetSocketAddress(LOOPBACK, 0));
        before.listen(1);
        try (Socket client = new Socket(LOOPBACK, before.localAddress().getPort())) {
            Channel listener = new ServerBootstrap().group(loops).channelFactory(() -> {
                try {
                    return TcpListener.of(new EpollServerSocketChannel(before.intValue()), true);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }).childHandler(new ChannelInitializer<TcpChannel>() {
                @Override
                protected void initChannel(TcpChannel channel) {
                    accepted.add(channel);
                }
            }).register().sync().channel();
            TcpChannel channel = accepted.poll(30, TimeUnit.SECONDS);
            assertThat(channel.config().getSoLinger()).isEqualTo(-1);
            channel.config().setSoLinger(0);
            assertThat(channel.config().getOption(LINGER).order(ByteOrder.nativeOrder()).getInt(0)).isEqualTo(1);
            channel.writeAndFlush(bytes(1)).sync();
            channel.writeAndFlush(bytes(1)).sync();
            assertThat(channel.config().getOption(NO_DELAY)).isEqualTo(1);
            channel.close().sync();
            assertThatThrownBy(() -> client.getInputStream().readNBytes(3)).isInstanceOf(SocketException.class).hasMessageContaining("reset");
            listener.close().sync();
        }
    }

    @Test
    void aRefusedConnectionFailsWithItsReason() throws Exception {
        int nobody;
        try (ServerSocket server = new ServerSocket(0, 1, LOOPBACK)) {
            nobody = server.getLocalPort();
        }
        InetSocketAddress to = new InetSocketAddress(LOOPBACK, nobody);
        assertThatThrownBy(() -> connect(to, SocketOptions.NONE, new ChannelInboundHandlerAdapter())).isInstanceOf(ConnectException.class)
                .hasMessageContaining("Connection refused").hasMessageContaining(":" + nobody);
    }
}
