package io.inpod.tproxy;

import static io.inpod.netns.socket.LinuxSocketOptions.MARK;
import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;
import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.testing.PodNetwork;
import io.inpod.netns.testing.Pods;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.FutureListener;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The README's example. */
class TproxyReadmeTest {
    @Test
    @Pods(2)
    void proxiesTransparently(PodNetwork network) throws Exception {
        NetworkNamespace namespace = network.pod(1).namespace();
        TestProxy.redirect(namespace);
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
        try (ServerSocket app = namespace.call(() -> ServerSocketChannel.open()).socket(); Socket client = network.pod(0).namespace().call(() -> SocketChannel.open()).socket()) {
            app.bind(new InetSocketAddress(8080));
            // README: begin
            SocketOptions sockets = UpstreamOptions.DEFAULT.sockets().with(MARK, 0x539);
            UpstreamConnector connector = new UpstreamConnector(namespace, UpstreamOptions.DEFAULT.withSockets(sockets));
            PolicyRouting.DEFAULT.install(namespace);
            new ServerBootstrap().group(loops).channelFactory(NettyChannels.server(namespace, sockets.with(TRANSPARENT, true)))
                    .childOption(ChannelOption.AUTO_READ, false).childHandler(new ChannelInitializer<EpollSocketChannel>() {
                        @Override
                        protected void initChannel(EpollSocketChannel client) throws Exception {
                            RelayOptions.DEFAULT.prepare(client);
                            connector.connect(client.eventLoop(), ClientAddress.of(client), OriginalDestination.of(client).destination(), new ChannelInboundHandlerAdapter())
                                    .addListener((FutureListener<UpstreamConnection>) upstream -> Relay.start(client, upstream.get().channel(), result -> {}));
                        }
                    }).bind(15006).sync();
            // README: end
            client.connect(new InetSocketAddress(network.pod(1).address(), 8080));
            try (Socket accepted = app.accept()) {
                InetAddress seen = accepted.getInetAddress();
                assertThat(seen).isEqualTo(network.pod(0).address());
            }
        } finally {
            loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
        }
    }
}
