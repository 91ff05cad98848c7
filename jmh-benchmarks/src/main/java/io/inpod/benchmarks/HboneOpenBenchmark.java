package io.inpod.benchmarks;

import static java.util.Objects.requireNonNull;

import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.client.HbonePool;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.ssl.SslHandler;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The cost of opening, both sides together; the CPU time of the whole process is printed beside the time. {@code tunnel}: opened on a
 * warm connection, ended by both sides; sixteen at a time. {@code connection}: TCP, mutual TLS, HTTP/2, one tunnel, closed. {@code
 * bareTls}: TCP and mutual TLS with the same certificates, closed.
 *
 * <p>The result of {@code tunnel} depends on where the kernel runs the two event loops, which may change within a fork. On one CPU each
 * loop finds all sixteen requests or answers in one read. On two CPUs the loops interrupt each other, wait almost twice as often, and take
 * two to three times the CPU time. Compare versions on one CPU, {@code taskset -c 0}, once the CPU time has stopped falling; with one CPU
 * for the compilers too, that takes 20 seconds or more.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 3)
@Measurement(iterations = 5, time = 3)
@Fork(2)
public class HboneOpenBenchmark {
    private static final int TUNNELS = 1000;
    private static final int AT_ONCE = 16;

    private @Nullable HboneLoopback loopback;
    private @Nullable HbonePool pool;
    private @Nullable BareTls tls;
    private @Nullable InetSocketAddress tlsAddress;

    /** Listens and warms the connection. */
    @Setup
    public void connect() throws Exception {
        HboneLoopback both = new HboneLoopback(EndWithThePeer::new);
        loopback = both;
        pool = both.pool();
        BareTls bare = new BareTls(both.ca);
        tls = bare;
        tlsAddress = both.listen(new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(bare.server(channel.alloc()));
            }
        });
    }

    /** Closes. */
    @TearDown
    public void close() throws Exception {
        requireNonNull(loopback).close();
    }

    /** Opens a thousand tunnels on the warm connection. */
    @Benchmark
    @org.openjdk.jmh.annotations.OperationsPerInvocation(TUNNELS)
    public void tunnel(CpuClock cpu) throws Exception {
        HboneLoopback both = requireNonNull(loopback);
        Batch batch = new Batch();
        both.clientLoop.execute(() -> {
            for (int i = 0; i < AT_ONCE; i++) {
                batch.next();
            }
        });
        batch.done.get(60, TimeUnit.SECONDS);
        cpu.done(TUNNELS);
    }

    /** Opens a whole connection with one tunnel. */
    @Benchmark
    public void connection(CpuClock cpu) throws Exception {
        TunnelChannel tunnel = requireNonNull(loopback).openNow(requireNonNull(pool), new Quiet());
        tunnel.parent().close().sync();
        cpu.done(1);
    }

    /** Opens a bare TLS connection, for comparison. */
    @Benchmark
    public void bareTls(CpuClock cpu) throws Exception {
        HboneLoopback both = requireNonNull(loopback);
        SslHandler handler = requireNonNull(tls).client(io.netty.buffer.PooledByteBufAllocator.DEFAULT);
        Channel channel = both.connect(requireNonNull(tlsAddress), handler);
        handler.handshakeFuture().sync();
        channel.close().sync();
        cpu.done(1);
    }

    private final class Batch {
        final CompletableFuture<Boolean> done = new CompletableFuture<>();
        private int started;
        private int finished;

        void next() {
            if (started++ < TUNNELS) {
                requireNonNull(loopback).open(requireNonNull(pool), new Ends()).addListener(f -> {
                    if (!f.isSuccess()) {
                        done.completeExceptionally(f.cause());
                    }
                });
            }
        }

        private final class Ends extends ChannelInboundHandlerAdapter {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
                ((TunnelChannel) ctx.channel()).shutdownOutput().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
            }

            @Override
            public void channelInactive(ChannelHandlerContext ctx) {
                if (++finished == TUNNELS) {
                    done.complete(true);
                }
                next();
            }
        }
    }

    /** Ignores the expected reset of a tunnel whose connection is closed. */
    private static class Quiet extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        }
    }

    private static final class EndWithThePeer extends Quiet {
        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                ((TunnelChannel) ctx.channel()).shutdownOutput().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
            }
        }
    }
}
