package io.inpod.netns.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.netns.testing.Tool;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@Pods(2)
class NettyChannelsTest {
    private EventLoopGroup loops;

    @BeforeEach
    void start() {
        loops = new MultiThreadIoEventLoopGroup(2, EpollIoHandler.newFactory());
    }

    @AfterEach
    void stop() throws InterruptedException {
        loops.shutdownGracefully(100, 5_000, java.util.concurrent.TimeUnit.MILLISECONDS).sync();
    }

    @Test
    void anEchoServerInOnePodServesAClientInAnother(PodNetwork network) throws Exception {
        NetworkNamespace podA = network.pod(0).namespace();
        NetworkNamespace podB = network.pod(1).namespace();
        InetAddress addressOfB = network.pod(1).address();
        Promise<String> answer = loops.next().newPromise();
        // README.md, netns-sockets/README.md, docs/netns-sockets.md: begin
        Channel server = new ServerBootstrap().group(loops).childHandler(new Echo())
                .channelFactory(NettyChannels.server(podB)) // instead of .channel(...): the only difference
                .bind(8080).sync().channel();
        Channel client = new Bootstrap().group(loops).handler(new FirstAnswer(answer))
                .channelFactory(NettyChannels.client(podA))
                .connect(addressOfB, 8080).sync().channel();
        // README.md, netns-sockets/README.md, docs/netns-sockets.md: end

        client.writeAndFlush(Unpooled.copiedBuffer("hello", StandardCharsets.UTF_8));

        assertThat(answer.get()).isEqualTo("hello");
        assertThat(Tool.run(podB, "ss", "-Hlnt")).contains("*:8080");
        assertThat(((InetSocketAddress) client.localAddress()).getAddress()).isEqualTo(network.pod(0).address());
        client.close().sync();
        server.close().sync();
    }

    @Test
    void marksASocket(PodNetwork network) throws Exception {
        Channel server = new ServerBootstrap().group(loops)
                .channelFactory(NettyChannels.server(network.pod(0).namespace()))
                .option(NamespaceChannelOption.SO_MARK, 0x539)
                .option(ChannelOption.SO_BACKLOG, 77)
                .childHandler(new Echo())
                .bind(8080).sync().channel();

        assertThat(Tool.run(network.pod(0).namespace(), "ss", "-Hlntm", "-e")).contains("fwmark:0x539").containsPattern("LISTEN +0 +77 ");
        server.close().sync();
    }

    @Test
    void aClosedNamespaceIsAChannelException(PodNetwork network) throws Exception {
        NetworkNamespace closed = network.pod(0).namespace().duplicate();
        closed.close();

        assertThatThrownBy(() -> NettyChannels.client(closed).newChannel()).isInstanceOf(ChannelException.class).hasMessageContaining("no socket in");
        assertThat(new Bootstrap().group(loops).channelFactory(NettyChannels.client(closed)).handler(new Echo())
                .connect(new InetSocketAddress("127.0.0.1", 1)).await().cause()).isInstanceOf(ChannelException.class);
    }

    @Test
    void aChannelThatIsNeverUsedCanBeClosed(PodNetwork network) {
        for (int i = 0; i < 1000; i++) {
            EpollSocketChannel unused = NettyChannels.client(network.pod(0).namespace()).newChannel();
            unused.unsafe().closeForcibly();
        }
    }

    @io.netty.channel.ChannelHandler.Sharable
    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.writeAndFlush(message);
        }
    }

    private static final class FirstAnswer extends io.netty.channel.SimpleChannelInboundHandler<io.netty.buffer.ByteBuf> {
        private final Promise<String> answer;

        FirstAnswer(Promise<String> answer) {
            this.answer = answer;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, io.netty.buffer.ByteBuf message) {
            answer.trySuccess(message.toString(StandardCharsets.UTF_8));
        }
    }
}
