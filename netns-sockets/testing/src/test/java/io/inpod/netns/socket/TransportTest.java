package io.inpod.netns.socket;

import static io.inpod.netns.socket.LinuxSocketOptions.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.unix.UnixChannel;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Pods(2)
class TransportTest {
    private static final SocketOptions COMMON = SocketOptions.NONE
            .with(PRIORITY, 3).with(MARK, 0x539).with(REUSE_PORT, true).with(REUSE_ADDRESS, true).with(TRANSPARENT, true)
            .with(FREEBIND, true).with(BIND_NO_PORT, true).with(TOS, 0x20).with(DEVICE, "eth0");
    private static final SocketOptions TCP = COMMON.with(NO_DELAY, true).with(CONGESTION, "reno").with(USER_TIMEOUT, Duration.ofMillis(4321))
            .with(RECEIVE_BUFFER, 5 << 20).with(SEND_BUFFER, 6 << 20).with(NOTSENT_LOWAT, 7777)
            .withKeepalive(Duration.ofSeconds(180), Duration.ofSeconds(10), 3);
    private static final String[] COMMON_NAMES = {
        "SOL_SOCKET:SO_PRIORITY", "SOL_SOCKET:SO_MARK", "SOL_SOCKET:SO_REUSEPORT", "SOL_SOCKET:SO_REUSEADDR", "0:19", "41:75", "0:15", "41:78",
        "0:24", "SOL_IP:IP_TOS", "IPPROTO_IPV6:IPV6_TCLASS", "SOL_SOCKET:SO_BINDTODEVICE", "IPPROTO_IPV6:IPV6_V6ONLY"
    };
    private static final String[] TCP_NAMES = {
        "IPPROTO_TCP:TCP_NODELAY", "IPPROTO_TCP:TCP_USER_TIMEOUT", "SOL_SOCKET:SO_KEEPALIVE", "IPPROTO_TCP:TCP_KEEPIDLE",
        "IPPROTO_TCP:TCP_KEEPINTVL", "IPPROTO_TCP:TCP_KEEPCNT", "SOL_SOCKET:SO_RCVBUF", "SOL_SOCKET:SO_SNDBUF",
        "IPPROTO_TCP:TCP_NOTSENT_LOWAT"
    };

    private static EventLoopGroup loops(Transport transport) {
        Assumptions.assumeFalse(transport.unavailability().filter(w -> w.contains("CONFIG_IO_URING")).isPresent(), "no io_uring in this kernel");
        assertThat(transport.unavailability()).isEmpty();
        return new MultiThreadIoEventLoopGroup(1, transport.handlers());
    }

    private static void stop(EventLoopGroup loops) throws InterruptedException {
        loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
    }

    private static int fd(Channel channel) {
        return ((UnixChannel) channel).fd().intValue();
    }

    @ParameterizedTest
    @EnumSource
    void tcpBetweenPods(Transport transport, PodNetwork network) throws Exception {
        EventLoopGroup loops = loops(transport);
        NetworkNamespace podA = network.pod(0).namespace();
        NetworkNamespace podB = network.pod(1).namespace();
        Promise<Channel> accepted = loops.next().newPromise();
        Channel server = new ServerBootstrap().group(loops).channelFactory(transport.server(podB, TCP.withBacklog(77)
                .with(FAST_OPEN, 5).with(DEFER_ACCEPT, Duration.ofSeconds(1)))).childHandler(new Echo() {
            @Override
            public void channelActive(ChannelHandlerContext context) {
                accepted.setSuccess(context.channel());
            }
        }).bind(8080).sync().channel();
        Promise<String> answer = loops.next().newPromise();
        Channel client = new Bootstrap().group(loops).channelFactory(transport.client(podA, TCP)).handler(new FirstAnswer(answer))
                .connect(new InetSocketAddress(network.pod(1).address(), 8080)).sync().channel();

        client.writeAndFlush(Unpooled.copiedBuffer("hello", StandardCharsets.UTF_8));

        assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo("hello");
        assertThat(SocketOracle.read(podB, fd(server), COMMON_NAMES)).isEqualTo("3 1337 1 1 1 1 1 1 1 32 32 eth0 0");
        assertThat(SocketOracle.read(podB, fd(server), TCP_NAMES)).isEqualTo("1 4321 1 180 10 3 10485760 12582912 7777");
        assertThat(SocketOracle.read(podA, fd(client), COMMON_NAMES)).isEqualTo("3 1337 1 1 1 1 1 1 1 32 32 eth0 0");
        assertThat(SocketOracle.read(podA, fd(client), TCP_NAMES)).isEqualTo("1 4321 1 180 10 3 10485760 12582912 7777");
        assertThat(SocketOracle.read(podB, fd(server), "IPPROTO_TCP:TCP_FASTOPEN", "IPPROTO_TCP:TCP_DEFER_ACCEPT")).isEqualTo("5 1");
        assertThat(Tool.run(podB, "ss", "-Hlntme")).contains("fwmark:0x539").containsPattern("LISTEN +0 +77 ");
        assertThat(Tool.run(podB, "ss", "-Htin", "sport = :8080")).as("inherited").contains("reno");
        assertThat(Tool.run(podA, "ss", "-Htin", "dport = :8080")).contains("reno");
        SocketMemory memory = MEMORY.get(client);
        assertThat(memory.receiveBuffer()).isEqualTo(10 << 20);
        assertThat(Tool.run(podA, "ss", "-Htmn", "dport = :8080")).contains("skmem:(r%d,rb%d,t%d,tb%d,f%d,w%d,o%d,bl%d,d%d)".formatted(
                memory.received(), memory.receiveBuffer(), memory.inTransit(), memory.sendBuffer(), memory.reserved(),
                memory.unacknowledged(), memory.settings(), memory.backlog(), memory.dropped()));
        assertThat(CONGESTION.get(client)).isEqualTo("reno");
        assertThat(MARK.get(server)).isEqualTo(1337);
        assertThat(DEVICE.get(client)).isEqualTo("eth0");
        assertThat(USER_TIMEOUT.get(client)).isEqualTo(Duration.ofMillis(4321));
        assertThat(DUAL_STACK.get(server)).isTrue();
        assertThat(MARK.get(accepted.get())).as("inherited").isEqualTo(1337);
        assertThat(RECEIVE_BUFFER.get(accepted.get())).as("inherited").isEqualTo(10 << 20);
        client.close().sync();
        accepted.get().closeFuture().sync();
        server.close().sync();
        assertThatThrownBy(() -> MARK.get(client)).isInstanceOf(ClosedChannelException.class);
        stop(loops);
    }

    @ParameterizedTest
    @EnumSource
    void udpBetweenPods(Transport transport, PodNetwork network) throws Exception {
        EventLoopGroup loops = loops(transport);
        NetworkNamespace podB = network.pod(1).namespace();
        Channel server = new Bootstrap().group(loops).channelFactory(transport.datagram(podB, COMMON)).handler(new UdpEcho()).bind(5353).sync().channel();
        Promise<String> answer = loops.next().newPromise();
        Channel client = new Bootstrap().group(loops)
                .channelFactory(transport.datagram(network.pod(0).namespace(), SocketOptions.NONE.withFamily(StandardProtocolFamily.INET)))
                .handler(new SimpleChannelInboundHandler<DatagramPacket>() {
                    @Override
                    protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
                        answer.trySuccess(packet.content().toString(StandardCharsets.UTF_8));
                    }
                })
                .bind(0).sync().channel();

        client.writeAndFlush(new DatagramPacket(Unpooled.copiedBuffer("ping", StandardCharsets.UTF_8),
                new InetSocketAddress(network.pod(1).address(), 5353)));

        assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo("ping");
        assertThat(SocketOracle.read(podB, fd(server), COMMON_NAMES)).isEqualTo("3 1337 1 1 1 1 1 1 1 32 32 eth0 0");
        assertThat(SocketOracle.read(podB, fd(client), "SOL_SOCKET:SO_DOMAIN")).isEqualTo("2");
        client.close().sync();
        server.close().sync();
        stop(loops);
    }

    @ParameterizedTest
    @EnumSource
    void anOptionThatTheKernelRefusesFailsTheCreationByName(Transport transport, PodNetwork network) throws Exception {
        EventLoopGroup loops = loops(transport);
        NetworkNamespace pod = network.pod(0).namespace();
        assertThatThrownBy(() -> transport.client(pod, SocketOptions.NONE.with(DEVICE, "nosuch")).newChannel())
                .isInstanceOf(ChannelException.class).hasMessageContaining("setsockopt(SO_BINDTODEVICE, nosuch)").hasMessageContaining("ENODEV")
                .cause().isInstanceOf(java.io.IOException.class);
        assertThatThrownBy(() -> transport.datagram(pod, SocketOptions.NONE.with(NO_DELAY, true)).newChannel())
                .hasMessageContaining("setsockopt(TCP_NODELAY, true)");
        assertThat(new Bootstrap().group(loops).channelFactory(transport.client(pod, SocketOptions.NONE.with(DEVICE, "nosuch")))
                .handler(new Echo()).connect("127.0.0.1", 1).await().cause()).hasMessageContaining("SO_BINDTODEVICE");
        NetworkNamespace closed = pod.duplicate();
        closed.close();
        closed.close();
        assertThatThrownBy(() -> transport.server(closed, SocketOptions.NONE).newChannel())
                .isInstanceOf(ChannelException.class).hasMessageContaining("no socket in");
        for (int i = 0; i < 300; i++) {
            transport.server(pod, SocketOptions.NONE).newChannel().unsafe().closeForcibly();
        }
        assertThatThrownBy(() -> MARK.get(new LocalChannel())).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("no file descriptor");
        stop(loops);
    }

    @ParameterizedTest
    @EnumSource
    void aDeletedNamespaceKeepsServing(Transport transport) throws Exception {
        EventLoopGroup loops = loops(transport);
        try (NetworkNamespace named = NetworkNamespace.create("to-be-deleted")) {
            NetworkNamespace.delete("to-be-deleted");
            Channel server = new ServerBootstrap().group(loops).channelFactory(transport.server(named, SocketOptions.NONE))
                    .childHandler(new Echo()).bind(8080).sync().channel();
            assertThat(Tool.run(named, "ss", "-Hlnt")).contains("*:8080");
            server.close().sync();
        }
        stop(loops);
    }

    @ParameterizedTest
    @EnumSource
    void theFamilyIsKept(Transport transport, PodNetwork network) throws Exception {
        EventLoopGroup loops = loops(transport);
        NetworkNamespace pod = network.pod(0).namespace();
        SocketOptions v4 = SocketOptions.NONE.withFamily(StandardProtocolFamily.INET);
        if (transport == Transport.IO_URING) {
            assertThatThrownBy(() -> transport.server(pod, v4).newChannel())
                    .isInstanceOf(UnsupportedOperationException.class).hasMessageContaining("don't let you choose a family");
        } else {
            Channel server = new ServerBootstrap().group(loops).channelFactory(transport.server(pod, v4)).childHandler(new Echo()).bind(81).sync().channel();
            assertThat(Tool.run(pod, "ss", "-Hlnt4")).contains("0.0.0.0:81");
            server.close().sync();
        }
        Channel six = new ServerBootstrap().group(loops).channelFactory(transport.server(pod, SocketOptions.NONE.with(DUAL_STACK, false)))
                .childHandler(new Echo()).bind(InetAddress.getByName("::"), 82).sync().channel();
        assertThat(Tool.run(pod, "ss", "-Hlnt6e")).contains("[::]:82").contains("v6only:1");
        six.close().sync();
        stop(loops);
    }

    @Sharable
    private static class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.writeAndFlush(message);
        }
    }

    private static final class UdpEcho extends SimpleChannelInboundHandler<DatagramPacket> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
            context.writeAndFlush(new DatagramPacket(packet.content().retain(), packet.sender()));
        }
    }

    private static final class FirstAnswer extends SimpleChannelInboundHandler<ByteBuf> {
        private final Promise<String> answer;

        FirstAnswer(Promise<String> answer) {
            this.answer = answer;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
            answer.trySuccess(message.toString(StandardCharsets.UTF_8));
        }
    }
}
