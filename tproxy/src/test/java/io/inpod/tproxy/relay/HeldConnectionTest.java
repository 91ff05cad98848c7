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
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both directions have ended, but the client hasn't received what was sent to it: the relay holds the connection, and can still end it. */
@Timeout(120)
class HeldConnectionTest {
    private static final int SENT = 300_000;

    @FunctionalInterface
    private interface Scene {
        void play(Held held) throws Exception;
    }

    private record Held(Socket client, EpollSocketChannel downstream, Relay relay, CompletableFuture<RelayResult> result) {
        RelayResult ended() throws Exception {
            RelayResult ended = result.get(RelayPath.LIMIT_SECONDS, TimeUnit.SECONDS);
            assertThat(downstream.isOpen()).isFalse();
            return ended;
        }
    }

    /** Otherwise the kernel would keep what is unread, and nobody could reset the connection. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void isHeldUntilItsPeerHasReceivedWhatWasSent(boolean clientEndsFirst) throws Exception {
        hold(RelayOptions.DEFAULT, clientEndsFirst, held -> {
            assertThat(held.client.getInputStream().readAllBytes()).hasSize(SENT - (clientEndsFirst ? 0 : 1));
            assertThat(held.ended().error()).isNull();
        });
    }

    @Test
    void isResetWhenTheRelayIsAborted() throws Exception {
        isReset(RelayOptions.DEFAULT, Relay::abort, CancellationException.class);
    }

    @Test
    void isResetWhenTheRelayDoesntEndInTime() throws Exception {
        isReset(RelayOptions.DEFAULT, relay -> relay.drain(Duration.ofMillis(50)), CancellationException.class);
    }

    @Test
    void isResetWhenItsPeerReceivesNothingForTheIdleTime() throws Exception {
        isReset(RelayOptions.DEFAULT.withTimeouts(Duration.ofMillis(300), Duration.ZERO), relay -> {}, TimeoutException.class);
    }

    private static void isReset(RelayOptions options, Consumer<Relay> action, Class<? extends Exception> expected) throws Exception {
        hold(options, true, held -> {
            action.accept(held.relay);
            assertThat(held.ended().error()).isInstanceOf(expected);
            assertThatThrownBy(() -> held.client.getInputStream().readAllBytes()).isInstanceOf(IOException.class).hasMessageContaining("reset");
        });
    }

    private static void hold(RelayOptions options, boolean clientEndsFirst, Scene scene) throws Exception {
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
                    .option(ChannelOption.AUTO_READ, false).handler(options.preparation()).connect(app.getLocalSocketAddress()).sync().channel();
            CompletableFuture<RelayResult> result = new CompletableFuture<>();
            Relay relay = Relay.start(downstream, upstream, options, result::complete);
            byte[] text = new byte[SENT];
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
            scene.play(new Held(client, downstream, relay, result));
        } finally {
            loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
        }
    }
}
