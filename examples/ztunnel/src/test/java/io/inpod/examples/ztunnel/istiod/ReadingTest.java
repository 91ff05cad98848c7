package io.inpod.examples.ztunnel.istiod;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.testing.Tool;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ReadingTest {
    private final Reading reading = new Reading();
    private final BlockingQueue<String> read = new LinkedBlockingQueue<>();
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private Channel connection;
    private Socket server;

    @BeforeEach
    void connect() throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            connection = new Bootstrap().group(loops).channel(EpollSocketChannel.class).handler(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                    ByteBuf bytes = (ByteBuf) message;
                    read.add(bytes.toString(StandardCharsets.US_ASCII));
                    bytes.release();
                }
            }).connect(listener.getLocalSocketAddress()).sync().channel();
            server = listener.accept();
        }
        reading.of(connection);
    }

    @AfterEach
    void end() throws Exception {
        server.close();
        connection.close().sync();
        loops.shutdownGracefully(100, 1000, TimeUnit.MILLISECONDS).sync();
    }

    private void say(String words) throws Exception {
        server.getOutputStream().write(words.getBytes(StandardCharsets.US_ASCII));
    }

    /** Also what is said in many pieces: that is what a pause is for. */
    @Test
    void whatComesDuringAPauseWaitsInTheKernel() throws Exception {
        reading.pause(Duration.ofHours(1));
        connection.eventLoop().submit(() -> { }).sync(); // the pause has begun
        say("a");
        say("b");
        say("c");
        String port = ":" + ((InetSocketAddress) connection.localAddress()).getPort();
        try (NetworkNamespace here = NetworkNamespace.current()) {
            while (!Tool.run(here, "ss", "-Htn", "sport", "=", port).split(" +")[1].equals("3")) { // Recv-Q
                Thread.onSpinWait();
            }
        }
        assertThat(read).isEmpty();
    }

    @Test
    void afterAPauseItIsReadAtOnce() throws Exception {
        reading.pause(Duration.ofMillis(200));
        reading.pause(Duration.ofHours(1)); // during a pause
        connection.eventLoop().submit(() -> { }).sync();
        say("a");
        assertThat(read.take()).isEqualTo("a");
        say("b"); // no pause any more
        assertThat(read.take()).isEqualTo("b");
    }

    @Test
    void withoutAConnectionThereIsNothingToPause() throws Exception {
        new Reading().pause(Duration.ofHours(1));
        say("a");
        assertThat(read.take()).isEqualTo("a");
    }
}
