package io.inpod.tproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Relays of TLS connections and tunnels that are cut off. */
@Timeout(120)
class RelayEndsTest {
    @Test
    void aLostTunnelIsAReset() throws Exception {
        try (TunnelPath path = new TunnelPath()) {
            isReset(path, path::loseConnection);
        }
    }

    @Test
    void aTlsConnectionWithoutItsOwnEndIsAReset() throws Exception {
        try (TlsPath path = new TlsPath()) {
            isReset(path, path::endBelowTls);
        }
    }

    /** Otherwise the kernel would keep what is unread, and nobody could reset the connection. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aConnectionIsHeldUntilItsPeerHasReceivedWhatWasSent(boolean clientEndsFirst) throws Exception {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
        BlockingQueue<EpollSocketChannel> accepted = new LinkedBlockingQueue<>();
        Channel listener = new ServerBootstrap().group(loops).channel(EpollServerSocketChannel.class).childOption(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.SO_SNDBUF, 1 << 20).childHandler(new ChannelInitializer<EpollSocketChannel>() {
                    @Override
                    protected void initChannel(EpollSocketChannel channel) {
                        accepted.add(channel);
                    }
                }).bind(InetAddress.getLoopbackAddress(), 0).sync().channel();
        try (ServerSocket app = new ServerSocket(0, 1, InetAddress.getLoopbackAddress()); Socket client = new Socket()) {
            client.setReceiveBufferSize(4096);
            client.connect(listener.localAddress());
            EpollSocketChannel downstream = accepted.take();
            EpollSocketChannel upstream = (EpollSocketChannel) new Bootstrap().group(loops).channel(EpollSocketChannel.class)
                    .option(ChannelOption.AUTO_READ, false).handler(RelayOptions.DEFAULT.preparation()).connect(app.getLocalSocketAddress()).sync().channel();
            CompletableFuture<RelayResult> result = new CompletableFuture<>();
            Relay.start(downstream, upstream, result::complete);
            byte[] text = new byte[300_000];
            try (Socket server = app.accept()) {
                if (clientEndsFirst) {
                    client.shutdownOutput();
                    assertThat(server.getInputStream().read()).isEqualTo(-1);
                    server.getOutputStream().write(text);
                } else {
                    server.getOutputStream().write(text);
                    server.shutdownOutput();
                    assertThat(client.getInputStream().read()).isZero();
                    client.shutdownOutput();
                    assertThat(server.getInputStream().read()).isEqualTo(-1);
                }
            }
            upstream.closeFuture().sync();
            assertThat(downstream.isOpen()).isTrue();
            assertThat(client.getInputStream().readAllBytes()).hasSize(text.length - (clientEndsFirst ? 0 : 1));
            RelayResult ended = result.get(RelayPath.LIMIT_SECONDS, TimeUnit.SECONDS);
            assertThat(ended.error()).isNull();
            assertThat(downstream.isOpen()).isFalse();
        } finally {
            loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
        }
    }

    private static void isReset(RelayPath path, Runnable cut) throws Exception {
        RelayPath.Connection connection = path.connect(RelayOptions.DEFAULT, 1 << 16);
        try (SocketChannel client = connection.client(); SocketChannel server = connection.server()) {
            client.socket().getOutputStream().write(1);
            assertThat(server.socket().getInputStream().read()).isEqualTo(1);
            cut.run();
            assertReset(client.socket());
            assertReset(server.socket());
            RelayResult result = connection.result().get(RelayPath.LIMIT_SECONDS, TimeUnit.SECONDS);
            assertThat(result.failedSide()).isEqualTo(RelaySide.UPSTREAM);
        }
    }

    private static void assertReset(Socket socket) {
        assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(IOException.class).hasMessageContaining("reset");
    }
}
