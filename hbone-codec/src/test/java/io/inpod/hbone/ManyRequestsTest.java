package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Not one answer may be lost: each tunnel sends a request and its end, and counts the answer and its end. */
@Timeout(120)
class ManyRequestsTest {
    private static final int TOTAL = 5000;
    private static final int AT_ONCE = 150;

    @Test
    void everyRequestIsAnsweredAndEndsInOrder() throws Exception {
        try (Mesh mesh = new Mesh()) {
            var address = mesh.serve(Mesh.echo());
            HbonePool pool = mesh.pool();
            Driver driver = new Driver(pool, Mesh.to(address));
            mesh.onClient(() -> {
                for (int i = 0; i < AT_ONCE; i++) {
                    driver.next();
                }
                return null;
            });
            assertThat(driver.done.get(100, TimeUnit.SECONDS)).isEqualTo(TOTAL);
            assertThat(mesh.onClient(pool::connections)).isEqualTo(2);
        }
    }

    private static final class Driver {
        final CompletableFuture<Integer> done = new CompletableFuture<>();
        private final HbonePool pool;
        private final HboneDestination destination;
        private int started;
        private int finished;

        Driver(HbonePool pool, HboneDestination destination) {
            this.pool = pool;
            this.destination = destination;
        }

        void next() {
            if (started == TOTAL) {
                return;
            }
            started++;
            pool.open(destination, new ConnectRequest(Mesh.APP, java.util.List.of()), new Client()).addListener(f -> {
                if (!f.isSuccess()) {
                    done.completeExceptionally(f.cause());
                }
            });
        }

        private final class Client extends ChannelInboundHandlerAdapter {
            private int got;
            private boolean ended;

            @Override
            public void handlerAdded(ChannelHandlerContext ctx) {
                ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
            }

            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                ctx.writeAndFlush(Unpooled.buffer(3000).writeZero(3000));
                ((TunnelChannel) ctx.channel()).shutdownOutput();
            }

            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                got += ((ByteBuf) message).readableBytes();
                ((ByteBuf) message).release();
            }

            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                ended |= event instanceof ChannelInputShutdownEvent;
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                done.completeExceptionally(cause);
            }

            @Override
            public void channelInactive(ChannelHandlerContext ctx) {
                if (got != 3000 || !ended) {
                    done.completeExceptionally(new AssertionError("got " + got + " bytes, ended: " + ended));
                }
                if (++finished == TOTAL) {
                    done.complete(finished);
                }
                next();
            }
        }
    }
}
