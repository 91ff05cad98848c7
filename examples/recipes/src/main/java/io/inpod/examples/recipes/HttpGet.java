package io.inpod.examples.recipes;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.dns.DnsConfig;
import io.inpod.netns.dns.NamespaceResolver;
import io.inpod.netns.socket.NettyChannels;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.*;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.handler.codec.http.*;
import java.io.EOFException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/** An HTTP client that calls from another network namespace: {@code HttpGet <name that "ip netns" shows> http://web:80/}. */
public final class HttpGet {
    private HttpGet() {}

    static CompletableFuture<String> get(NetworkNamespace namespace, NamespaceResolver names, URI uri, EventLoopGroup loops) {
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
            }
        };
        new Bootstrap().group(loops).handler(http).channelFactory(NettyChannels.client(namespace))
                .resolver(names.group()) // otherwise the name would be looked up outside
                .connect(uri.getHost(), uri.getPort()).addListener((ChannelFuture connected) -> {
                    if (connected.isSuccess()) {
                        connected.channel().closeFuture()
                                .addListener(f -> body.completeExceptionally(new EOFException("no answer from " + uri)));
                        connected.channel().writeAndFlush(request).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
                    } else {
                        body.completeExceptionally(connected.cause());
                    }
                });
        return body;
    }

    public static void main(String[] args) throws Exception {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try (NetworkNamespace namespace = NetworkNamespace.named(args[0]);
                NamespaceResolver names = NamespaceResolver.open(namespace, DnsConfig.of(namespace), loops)) {
            System.out.println(get(namespace, names, URI.create(args[1]), loops).get());
        } finally {
            loops.shutdownGracefully().sync();
        }
    }
}
