package io.inpod.hbone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.client.Connector;
import io.inpod.hbone.client.HboneClient;
import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.identity.CertificateSource;
import io.inpod.hbone.identity.DevelopmentCa;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.server.HboneServer;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The examples of the README and of docs/hbone-codec.md. */
@Timeout(60)
class HboneReadmeTest {
    @Test
    void example(@TempDir Path directory) throws Exception {
        var group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        var answer = new CompletableFuture<String>();

        Path caDirectory = directory.resolve("ca");
        SpiffeId client = SpiffeId.parse("spiffe://cluster.local/ns/default/sa/client");
        SpiffeId server = SpiffeId.parse("spiffe://cluster.local/ns/default/sa/server");
        // docs/hbone-codec.md: begin
        CertificateSource certificates = DevelopmentCa.open(caDirectory);
        ChannelHandler accepting = new HboneServer(certificates).handler(server, request -> {
            try {
                request.accept(List.of(), new Echo()); // or request.refuse(503)
            } catch (TunnelResetException gone) {
                // the client has cancelled the request
            }
        });
        Channel listener = new ServerBootstrap().group(group).channel(EpollServerSocketChannel.class)
                .childHandler(accepting).bind(InetAddress.getLoopbackAddress(), 0).sync().channel();
        // docs/hbone-codec.md: end
        InetSocketAddress address = (InetSocketAddress) listener.localAddress();

        // README.md, hbone-codec/README.md, docs/hbone-codec.md: begin
        var hbone = new HboneClient(group, certificates, Connector.of(EpollSocketChannel::new));
        var peer = new HboneDestination(client, server, address); // both SPIFFE IDs are verified
        var app = Authority.parse("10.0.0.7:8080");
        TunnelChannel tunnel = hbone.connect(peer, app, List.of(), new Print(answer)).get();
        tunnel.writeAndFlush(Unpooled.copiedBuffer("hello", UTF_8)); // a Netty channel like any other
        // README.md, hbone-codec/README.md, docs/hbone-codec.md: end

        assertThat(answer.get(20, TimeUnit.SECONDS)).isEqualTo("hello");
        var second = new CompletableFuture<String>();
        // docs/hbone-codec.md: begin
        Channel channel = new Bootstrap().group(group).handler(new Print(second))
                .channelFactory(hbone.channels(peer)) // instead of .channel(...): the only difference
                .connect("10.0.0.7", 8080).sync().channel();
        // docs/hbone-codec.md: end
        channel.writeAndFlush(Unpooled.copiedBuffer("again", UTF_8));
        assertThat(second.get(20, TimeUnit.SECONDS)).isEqualTo("again");

        // docs/hbone-codec.md: begin
        CompletionStage<Integer> retired = hbone.retire(connection -> connection.involves(client), Duration.ZERO);
        // docs/hbone-codec.md: end
        assertThat(retired.toCompletableFuture().get(20, TimeUnit.SECONDS)).isEqualTo(1);
        hbone.close();
        listener.close().sync();
        group.shutdownGracefully(100, 5_000, TimeUnit.MILLISECONDS).sync();
    }

    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.writeAndFlush(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    private static final class Print extends SimpleChannelInboundHandler<ByteBuf> {
        private final CompletableFuture<String> answer;

        Print(CompletableFuture<String> answer) {
            this.answer = answer;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, ByteBuf message) {
            answer.complete(message.toString(UTF_8));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
