package io.inpod.benchmarks;

import static java.util.Objects.requireNonNull;

import io.inpod.hbone.client.HbonePool;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.ssl.SslHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * 64 MiB from client to server over loopback mTLS: in one TLS connection without HTTP/2, in one tunnel, in sixteen tunnels of one
 * connection.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(2)
public class HboneBulkBenchmark {
    private static final int TOTAL = 64 << 20;
    private static final int CHUNK = 128 << 10;

    /** The carrier of the bytes. */
    @Param({"tls", "tunnel", "tunnels16"})
    public String carrier = "";

    private final List<Channel> senders = new ArrayList<>();
    private volatile CountDownLatch arrived = new CountDownLatch(0);
    private @Nullable HboneLoopback loopback;
    private @Nullable ByteBuf chunk;

    /** Connects. */
    @Setup
    public void connect() throws Exception {
        HboneLoopback both = new HboneLoopback(() -> new Sink(TOTAL / (carrier.equals("tunnels16") ? 16 : 1)));
        loopback = both;
        chunk = both.clientLoop.submit(() -> io.netty.buffer.PooledByteBufAllocator.DEFAULT.directBuffer(CHUNK).writeZero(CHUNK)).get();
        if (carrier.equals("tls")) {
            BareTls tls = new BareTls(both.ca);
            var address = both.listen(new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(tls.server(channel.alloc()), new Sink(TOTAL));
                }
            });
            SslHandler handler = tls.client(io.netty.buffer.PooledByteBufAllocator.DEFAULT);
            senders.add(both.connect(address, handler));
            handler.handshakeFuture().sync();
        } else {
            HbonePool pool = both.pool();
            for (int i = carrier.equals("tunnel") ? 1 : 16; i > 0; i--) {
                senders.add(both.openNow(pool, new ChannelInboundHandlerAdapter()));
            }
        }
        for (Channel sender : senders) {
            sender.pipeline().addLast(new Source());
        }
    }

    /** Closes. */
    @TearDown
    public void close() throws Exception {
        requireNonNull(loopback).close();
        requireNonNull(chunk).release();
    }

    /** Sends, and waits until everything has arrived. */
    @Benchmark
    public void send(CpuClock cpu) throws InterruptedException {
        CountDownLatch latch = new CountDownLatch(senders.size());
        arrived = latch;
        for (Channel sender : senders) {
            sender.eventLoop().execute(() -> sender.pipeline().fireUserEventTriggered(TOTAL / senders.size()));
        }
        if (!latch.await(60, TimeUnit.SECONDS)) {
            throw new IllegalStateException("stalled: " + latch.getCount() + " of " + senders.size());
        }
        cpu.done(1);
    }

    /** Writes the requested number of bytes, whenever the channel is writable. */
    private final class Source extends ChannelInboundHandlerAdapter {
        private int left;

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof Integer bytes) {
                left = bytes;
                pump(ctx);
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            pump(ctx);
        }

        @SuppressWarnings("FutureReturnValueIgnored") // a void promise hands failures to exceptionCaught
        private void pump(ChannelHandlerContext ctx) {
            boolean written = false;
            while (left > 0 && ctx.channel().isWritable()) {
                ctx.write(requireNonNull(chunk).retainedDuplicate(), ctx.voidPromise());
                left -= CHUNK;
                written = true;
            }
            if (written) {
                ctx.flush();
            }
        }
    }

    /** Counts received bytes. */
    private final class Sink extends ChannelInboundHandlerAdapter {
        private final int expected;
        private int got;

        Sink(int expected) {
            this.expected = expected;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            got += ((ByteBuf) message).readableBytes();
            ((ByteBuf) message).release();
            if (got >= expected) {
                got -= expected;
                arrived.countDown();
            }
        }
    }
}
