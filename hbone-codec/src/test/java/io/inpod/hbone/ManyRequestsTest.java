package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.client.HboneDestination;
import io.inpod.hbone.client.HbonePool;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/**
 * No answer may be lost, whichever side ends first: each tunnel sends a request, counts the bytes of the answer, and sees first its end,
 * then the close. {@code -Dinpod.requests=200000 -Dinpod.test.timeout=3600} makes it a long run.
 */
class ManyRequestsTest {
    private static final int TOTAL = Integer.getInteger("inpod.requests", 5000);
    private static final int AT_ONCE = 150;
    private static final int SIZE = 3000;
    private static final Authority ENDS_FIRST = Authority.parse("10.1.2.3:81");

    @Test
    void onKeptConnections() throws Exception {
        try (Mesh mesh = new Mesh()) {
            HbonePool pool = mesh.pool();
            new Driver(mesh, TOTAL, AT_ONCE, false).run(pool);
            assertThat(mesh.onClient(pool::connections)).isEqualTo(2);
        }
    }

    @Test
    void onFreshConnections() throws Exception {
        try (Mesh mesh = new Mesh()) {
            int total = TOTAL <= 5000 ? TOTAL / 10 : TOTAL;
            AtomicInteger connections = new AtomicInteger();
            HbonePool pool = new HbonePool(mesh.clientLoop, mesh.ca, (loop, to, initializer) -> {
                connections.incrementAndGet();
                return new Bootstrap().group(loop).channel(EpollSocketChannel.class).handler(initializer).connect(to.address());
            });
            new Driver(mesh, total, 16, true).run(pool);
            assertThat(connections.get()).isEqualTo(total);
            mesh.onClient(() -> {
                pool.close();
                return null;
            });
        }
    }

    private static void answer(TunnelRequest request) {
        Mesh.accept(request, request.authority().equals(ENDS_FIRST) ? new EndsFirst() : new Mesh.Echo());
    }

    private static final class EndsFirst extends ChannelInboundHandlerAdapter {
        private int got;

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            got += ((ByteBuf) message).readableBytes();
            ctx.write(message);
            if (got == SIZE) {
                ctx.flush();
                ((TunnelChannel) ctx.channel()).shutdownOutput();
            }
        }
    }

    private static final class Driver {
        final CompletableFuture<Integer> done = new CompletableFuture<>();
        private final Mesh mesh;
        private final InetSocketAddress address;
        private final int total;
        private final int atOnce;
        private final boolean fresh;
        private int started;
        private int finished;

        /** Each request uses a new connection, which is closed afterwards. */
        Driver(Mesh mesh, int total, int atOnce, boolean fresh) throws Exception {
            this.mesh = mesh;
            this.address = mesh.serve(ManyRequestsTest::answer);
            this.total = total;
            this.atOnce = atOnce;
            this.fresh = fresh;
        }

        void run(HbonePool pool) throws Exception {
            mesh.onClient(() -> {
                for (int i = 0; i < atOnce; i++) {
                    next(pool);
                }
                return null;
            });
            assertThat(done.get(60 + total / 100, TimeUnit.SECONDS)).isEqualTo(total);
        }

        private void next(HbonePool pool) {
            if (started == total) {
                return;
            }
            int kind = started++ % 3;
            HboneDestination to = new HboneDestination(Mesh.CLIENT, Set.of(Mesh.SERVER), address, null, fresh ? started : null);
            Authority app = kind == 2 ? ENDS_FIRST : Mesh.APP;
            pool.open(to, new ConnectRequest(app, List.of()), new Client(kind, pool)).addListener(f -> {
                if (!f.isSuccess()) {
                    done.completeExceptionally(f.cause());
                }
            });
        }

        private final class Client extends ChannelInboundHandlerAdapter {
            private final int kind;
            private final HbonePool pool;
            private int got;
            private boolean ended;

            Client(int kind, HbonePool pool) {
                this.kind = kind;
                this.pool = pool;
            }

            @Override
            public void handlerAdded(ChannelHandlerContext ctx) {
                ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
            }

            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                ctx.writeAndFlush(Unpooled.buffer(SIZE).writeZero(SIZE));
                if (kind == 0) {
                    ((TunnelChannel) ctx.channel()).shutdownOutput();
                }
            }

            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                got += ((ByteBuf) message).readableBytes();
                ((ByteBuf) message).release();
                if (kind == 1 && got == SIZE) {
                    ((TunnelChannel) ctx.channel()).shutdownOutput();
                }
            }

            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                if (event instanceof ChannelInputShutdownEvent) {
                    ended = true;
                    if (kind == 2) {
                        ((TunnelChannel) ctx.channel()).shutdownOutput();
                    }
                }
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                done.completeExceptionally(cause);
            }

            @Override
            public void channelInactive(ChannelHandlerContext ctx) {
                if (got != SIZE || !ended) {
                    done.completeExceptionally(new AssertionError("got " + got + " bytes, ended: " + ended + ", kind " + kind));
                }
                if (++finished == total) {
                    done.complete(finished);
                }
                if (fresh) {
                    ctx.channel().parent().close();
                }
                next(pool);
            }
        }
    }
}
