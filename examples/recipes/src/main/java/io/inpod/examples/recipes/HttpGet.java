package io.inpod.examples.recipes;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpVersion;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/** An HTTP client that calls from another network namespace: {@code HttpGet <name that "ip netns" shows> http://10.0.0.2:80/}. */
public final class HttpGet {
    private HttpGet() {}

    static CompletableFuture<String> get(NetworkNamespace namespace, URI uri, io.netty.channel.EventLoopGroup loops) {
        CompletableFuture<String> body = new CompletableFuture<>();
        DefaultFullHttpRequest request = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, uri.getRawPath());
        request.headers().set(HttpHeaderNames.HOST, uri.getAuthority()).set(HttpHeaderNames.CONNECTION, "close");
        ChannelInitializer<Channel> http = new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new HttpClientCodec(), new HttpObjectAggregator(1 << 20),
                        new SimpleChannelInboundHandler<FullHttpResponse>() {
                            @Override
                            protected void channelRead0(ChannelHandlerContext context, FullHttpResponse response) {
                                body.complete(response.status().code() + " " + response.content().toString(StandardCharsets.UTF_8));
                            }
                        });
                channel.closeFuture().addListener(f -> body.completeExceptionally(new java.io.EOFException("no answer from " + uri)));
            }
        };
        new Bootstrap().group(loops).handler(http).channelFactory(NettyChannels.client(namespace)).connect(uri.getHost(), uri.getPort())
                .addListener((io.netty.channel.ChannelFuture connected) -> connected.channel().writeAndFlush(request)
                        .addListener(ChannelFutureListener.CLOSE_ON_FAILURE));
        return body;
    }

    public static void main(String[] args) throws Exception {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try (NetworkNamespace namespace = NetworkNamespace.named(args[0])) {
            System.out.println(get(namespace, URI.create(args[1]), loops).get());
        } finally {
            loops.shutdownGracefully().sync();
        }
    }
}
