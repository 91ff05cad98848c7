package io.inpod.tproxy;

import static io.inpod.netns.socket.LinuxSocketOptions.MARK;
import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.inpod.tproxy.relay.Relay;
import io.inpod.tproxy.relay.RelayIoHandler;
import io.inpod.tproxy.relay.RelayOptions;
import io.inpod.tproxy.upstream.UpstreamConnection;
import io.inpod.tproxy.upstream.UpstreamConnector;
import io.inpod.tproxy.upstream.UpstreamOptions;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.FutureListener;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The examples of the README and of docs/tproxy.md. */
class TproxyReadmeTest {
    // docs/tproxy.md: begin
    void relay(EpollSocketChannel client, UpstreamConnector upstreams) throws IOException {
        // README.md, tproxy/README.md: begin
        RelayOptions.DEFAULT.prepare(client);
        OriginalDestination wanted = OriginalDestination.of(client); // REDIRECT or TPROXY, IPv4 or IPv6
        upstreams.connect(client.eventLoop(), ClientAddress.of(client), wanted.destination(), new Ignore())
                .addListener((FutureListener<UpstreamConnection>) upstream -> {
                    if (upstream.isSuccess()) { // the server sees the client's address
                        Relay.start(client, upstream.getNow().channel(), result -> {});
                    } else {
                        client.close();
                    }
                });
        // README.md, tproxy/README.md: end
    }
    // docs/tproxy.md: end

    /** The relay brings its own handlers. */
    private static final class Ignore extends ChannelInboundHandlerAdapter {}

    @Test
    @Pods(2)
    void proxiesTransparently(PodNetwork network) throws Exception {
        NetworkNamespace pod = network.pod(1).namespace();
        TestProxy.redirect(pod);
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
        try (ServerSocket app = pod.call(() -> ServerSocketChannel.open()).socket(); Socket client = network.pod(0).namespace().call(() -> SocketChannel.open()).socket()) {
            app.bind(new InetSocketAddress(8080));
            // docs/tproxy.md: begin
            SocketOptions marked = UpstreamOptions.DEFAULT.sockets().with(MARK, 0x539);
            UpstreamConnector upstreams = new UpstreamConnector(pod, UpstreamOptions.DEFAULT.withSockets(marked));
            PolicyRouting.DEFAULT.install(pod);
            new ServerBootstrap().group(loops)
                    .channelFactory(NettyChannels.server(pod, marked.with(TRANSPARENT, true)))
                    .childOption(ChannelOption.AUTO_READ, false)
                    .childHandler(new ChannelInitializer<EpollSocketChannel>() {
                        @Override
                        protected void initChannel(EpollSocketChannel client) throws IOException {
                            relay(client, upstreams);
                        }
                    }).bind(15006).sync();
            // docs/tproxy.md: end
            client.connect(new InetSocketAddress(network.pod(1).address(), 8080));
            try (Socket accepted = app.accept()) {
                InetAddress seen = accepted.getInetAddress();
                assertThat(seen).isEqualTo(network.pod(0).address());
            }
            upstreams.close();
        } finally {
            loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
        }
    }
}
