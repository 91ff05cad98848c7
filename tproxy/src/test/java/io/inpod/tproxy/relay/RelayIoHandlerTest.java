package io.inpod.tproxy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a channel of a loop that relays sees of its peer. */
@Timeout(60)
class RelayIoHandlerTest {
    private static final int TCP_CLOSE_WAIT = 8; // include/net/tcp_states.h
    private static final int BYTES = 1 << 16;

    private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

    /** Notes what happens, and when the event loop goes on to its tasks after each read. */
    private final class Observer extends ChannelInboundHandlerAdapter {
        private final boolean readsOn;

        Observer(boolean readsOn) {
            this.readsOn = readsOn;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            seen.add(((ByteBuf) message).readableBytes() == BYTES ? "all data" : "data");
            ReferenceCountUtil.release(message);
            context.executor().execute(() -> seen.add("tasks"));
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            if (readsOn) {
                context.read();
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event == ChannelInputShutdownEvent.INSTANCE) {
                seen.add("end");
            }
        }
    }

    /** Then whoever passes them on, to a tunnel for instance, can send both at once. */
    @Test
    void theEndThatArrivesWithTheLastDataIsReadInTheSameTurn() throws Exception {
        assertThat(afterDataAndEnd(1, true, 3)).containsExactly("data", "end", "tasks");
    }

    @Test
    void theEndDoesntMakeTheLoopReadWhatWasntAskedFor() throws Exception {
        assertThat(afterDataAndEnd(BYTES, false, 2)).containsExactly("data", "tasks");
    }

    /** Reads a channel for the first time when the peer's data and its end have arrived. Returns what is seen until two turns later. */
    private List<String> afterDataAndEnd(int bytes, boolean readsOn, int expected) throws Exception {
        MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, RelayIoHandler.newFactory());
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            EpollSocketChannel channel = (EpollSocketChannel) new Bootstrap().group(loops).channel(EpollSocketChannel.class)
                    .option(ChannelOption.AUTO_READ, false).option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                    .handler(new Observer(readsOn)).connect(server.getLocalSocketAddress()).sync().channel();
            try (Socket peer = server.accept()) {
                peer.getOutputStream().write(new byte[bytes]);
                peer.shutdownOutput();
                while (channel.tcpInfo().state() != TCP_CLOSE_WAIT) {
                    Thread.onSpinWait();
                }
                channel.read();
                List<String> all = new ArrayList<>();
                for (int i = 0; i < expected; i++) {
                    all.add(seen.poll(30, TimeUnit.SECONDS));
                }
                channel.eventLoop().submit(() -> {}).sync();
                channel.eventLoop().submit(() -> {}).sync();
                seen.drainTo(all);
                return all;
            } finally {
                channel.close().sync();
            }
        } finally {
            loops.shutdownGracefully(100, 10_000, TimeUnit.MILLISECONDS).sync();
        }
    }
}
