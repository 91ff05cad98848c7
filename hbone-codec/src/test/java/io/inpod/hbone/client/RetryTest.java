package io.inpod.hbone.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.Authority;
import io.inpod.hbone.ConnectRequest;
import io.inpod.hbone.HboneEvents;
import io.inpod.hbone.HboneOptions;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.identity.SpiffeId;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import io.netty.util.concurrent.Promise;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests that the peer hasn't processed, or not answered on a connection that was lost, are sent again (RFC 9113 section 8.7); others aren't. */
@Timeout(60)
class RetryTest {
    private static final SpiffeId US = SpiffeId.parse("spiffe://cluster.local/ns/a/sa/us");
    private static final SpiffeId THEM = SpiffeId.parse("spiffe://cluster.local/ns/b/sa/them");
    private static final byte[] SETTINGS = {0, 0, 0, 4, 0, 0, 0, 0, 0};
    private static final byte[] OK = {0, 0, 1, 1, 4, 0, 0, 0, 1, (byte) 0x88};
    private static final byte[] REFUSED = {0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 7};
    private static final byte[] LOST = {};
    private static final byte[] VIOLATION = {0, 0, 4, 8, 0, 0, 0, 0, 2, 0, 0, 0, 1}; // WINDOW_UPDATE on an idle stream
    private static final byte[] INTERNAL = {0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 2};
    private static final byte[] GOAWAY = {0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory());
    private final EventLoop loop = group.next();
    private final LocalAddress address = new LocalAddress(RetryTest.class);
    private final List<Channel> connections = new ArrayList<>();
    private Iterator<byte[]> script = List.<byte[]>of().iterator();
    private PoolEntry pool;

    @SuppressWarnings("NullAway.Init")
    RetryTest() { }

    @BeforeEach
    void start() throws InterruptedException {
        new ServerBootstrap().group(group).channel(LocalServerChannel.class).childHandler(new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new Peer(script.next()));
            }
        }).bind(address).sync();
        pool = new PoolEntry(new HboneDestination(US, THEM, new InetSocketAddress(1)), loop, (on, destination, initializer) -> {
            var future = new Bootstrap().group(on).channel(LocalChannel.class).handler(initializer).connect(address);
            connections.add(future.channel());
            return future;
        }, destination -> CompletableFuture.completedFuture((channel, outcome) -> channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                ctx.pipeline().replace(this, null, outcome.established(ctx.channel(), THEM));
            }
        })), HboneOptions.client(), HboneEvents.NONE, () -> { });
    }

    @AfterEach
    void stop() {
        loop.submit(() -> pool.close(true)).syncUninterruptibly();
        group.shutdownGracefully(100, 5_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    }

    /** Makes each connection answer its first request with these bytes. */
    private TunnelChannel open(byte[]... answers) throws Exception {
        script = List.of(answers).iterator();
        Promise<TunnelChannel> promise = loop.newPromise();
        loop.submit(() -> pool.open(new ConnectRequest(Authority.parse("10.0.0.1:80"), List.of()), new ChannelInboundHandlerAdapter() {
            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) { }
        }, promise)).sync();
        return promise.get(20, TimeUnit.SECONDS);
    }

    @Test
    void aRefusedStream() throws Exception {
        assertThat(open(REFUSED, OK).parent()).isSameAs(connections.get(1));
    }

    @Test
    void aStreamAboveTheLastOfGoAway() throws Exception {
        assertThat(open(GOAWAY, OK).parent()).isSameAs(connections.get(1));
    }

    /** A pooled connection to a peer whose address has a new owner, which resets it: nothing but the request was sent. */
    @Test
    void aConnectionThatIsLostBeforeTheAnswer() throws Exception {
        assertThat(open(LOST, OK).parent()).isSameAs(connections.get(1));
    }

    @Test
    void notForEverIfConnectionsAreLost() {
        assertThatThrownBy(() -> open(LOST, LOST, LOST, LOST, OK)).hasMessageContaining("was lost: closed by the peer");
        assertThat(connections).hasSize(4);
    }

    @Test
    void notAfterAViolation() {
        assertThatThrownBy(() -> open(VIOLATION, OK)).hasMessageContaining("PROTOCOL_ERROR");
        assertThat(connections).hasSize(1);
    }

    @Test
    void notForEver() {
        assertThatThrownBy(() -> open(REFUSED, REFUSED, GOAWAY, REFUSED, OK)).hasMessageContaining("REFUSED_STREAM");
        assertThat(connections).hasSize(4);
    }

    @Test
    void notWhatThePeerMayHaveLookedAt() {
        assertThatThrownBy(() -> open(INTERNAL, OK)).hasMessageContaining("INTERNAL_ERROR");
        assertThat(connections).hasSize(1);
    }

    private static final class Peer extends ChannelInboundHandlerAdapter {
        private final byte[] answer;
        private ByteBuf in;

        @SuppressWarnings("NullAway.Init")
        Peer(byte[] answer) {
            this.answer = answer;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            in = ctx.alloc().buffer();
            ctx.writeAndFlush(ctx.alloc().buffer().writeBytes(SETTINGS));
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            in.writeBytes((ByteBuf) message);
            ((ByteBuf) message).release();
            if (in.readerIndex() == 0 && in.readableBytes() >= 24) {
                in.skipBytes(24);
            }
            while (in.readerIndex() > 0 && in.readableBytes() >= 9 && in.readableBytes() >= 9 + in.getUnsignedMedium(in.readerIndex())) {
                ByteBuf frame = in.readSlice(9 + in.getUnsignedMedium(in.readerIndex()));
                if (frame.getByte(3) == 1) {
                    if (answer.length == 0) {
                        ctx.close();
                        return;
                    }
                    ctx.writeAndFlush(ctx.alloc().buffer().writeBytes(answer));
                }
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            in.release();
        }
    }
}
