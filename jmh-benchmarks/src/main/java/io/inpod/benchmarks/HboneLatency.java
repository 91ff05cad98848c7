package io.inpod.benchmarks;

import io.inpod.hbone.client.HbonePool;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Round trips of 64 bytes on 100 tunnels of one connection, 50 per second each: first alone, then beside a tunnel that sends as much as it
 * can. Run with {@code -cp benchmarks.jar io.inpod.benchmarks.HboneLatency [SECONDS]}.
 */
public final class HboneLatency {
    private static final int TUNNELS = 100;
    private static final int PERIOD_MILLIS = 20;
    private static final int SMALL = 64;

    private HboneLatency() {}

    /** Measures. */
    public static void main(String[] args) throws Exception {
        int seconds = args.length > 0 ? Integer.parseInt(args[0]) : 10;
        try (HboneLoopback both = new HboneLoopback(EchoSmall::new)) {
            HbonePool pool = both.pool();
            Samples samples = new Samples();
            for (int i = 0; i < TUNNELS - 1; i++) {
                both.openNow(pool, new Small(samples));
            }
            Bulk bulk = new Bulk();
            both.openNow(pool, bulk);
            TimeUnit.SECONDS.sleep(seconds);
            for (int round = 0; round < 3; round++) {
                both.clientLoop.submit(samples::clear).sync();
                TimeUnit.SECONDS.sleep(seconds);
                both.clientLoop.submit(() -> samples.print("alone")).sync();
                both.clientLoop.submit(bulk::start).sync();
                both.clientLoop.submit(samples::clear).sync();
                TimeUnit.SECONDS.sleep(seconds);
                both.clientLoop.submit(() -> samples.print("beside bulk")).sync();
                both.clientLoop.submit(bulk::stop).sync();
                System.out.printf("bulk: %.2f GB/s%n", bulk.sent / 1e9 / seconds);
            }
        }
    }

    /** Runs on the client's loop. */
    private static final class Samples {
        private final int[] micros = new int[1 << 20];
        private int count;

        void add(long nanos) {
            micros[count++ % micros.length] = (int) (nanos / 1000);
        }

        void clear() {
            count = 0;
        }

        void print(String title) {
            int n = Math.min(count, micros.length);
            int[] sorted = Arrays.copyOf(micros, n);
            Arrays.sort(sorted);
            System.out.printf("%s: %d round trips, p50 %d us, p99 %d us, max %d us%n", title, count, sorted[n / 2],
                    sorted[(int) (n * 0.99)], sorted[n - 1]);
        }
    }

    private static final class Small extends ChannelInboundHandlerAdapter {
        private final Samples samples;
        private long sent;
        private int got;

        Small(Samples samples) {
            this.samples = samples;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            send(ctx);
        }

        @SuppressWarnings("FutureReturnValueIgnored") // a void promise hands failures to exceptionCaught
        private void send(ChannelHandlerContext ctx) {
            sent = System.nanoTime();
            ctx.writeAndFlush(ctx.alloc().buffer(SMALL).writeZero(SMALL), ctx.voidPromise());
        }

        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // send() throws nothing
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            got += ((ByteBuf) message).readableBytes();
            ((ByteBuf) message).release();
            if (got == SMALL) {
                got = 0;
                long now = System.nanoTime();
                samples.add(now - sent);
                ctx.executor().schedule(() -> send(ctx), PERIOD_MILLIS, TimeUnit.MILLISECONDS);
            }
        }
    }

    private static final class Bulk extends ChannelInboundHandlerAdapter {
        private final ByteBuf chunk = PooledByteBufAllocator.DEFAULT.directBuffer(128 << 10).writeZero(128 << 10);
        private @Nullable Channel channel;
        private boolean running;
        private volatile long sent;

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            channel = ctx.channel();
        }

        void start() {
            sent = 0;
            running = true;
            pump();
        }

        void stop() {
            running = false;
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            pump();
        }

        @SuppressWarnings("FutureReturnValueIgnored") // a void promise hands failures to exceptionCaught
        private void pump() {
            Channel to = Objects.requireNonNull(channel);
            boolean written = false;
            while (running && to.isWritable()) {
                to.write(chunk.retainedDuplicate(), to.voidPromise());
                long before = sent; // which only this thread writes
                sent = before + chunk.readableBytes();
                written = true;
            }
            if (written) {
                to.flush();
            }
        }
    }

    /** Sends small messages back and drops the rest. */
    private static final class EchoSmall extends ChannelInboundHandlerAdapter {
        @Override
        @SuppressWarnings("FutureReturnValueIgnored") // a void promise hands failures to exceptionCaught
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (((ByteBuf) message).readableBytes() <= SMALL) {
                ctx.writeAndFlush(message, ctx.voidPromise());
            } else {
                ((ByteBuf) message).release();
            }
        }
    }
}
