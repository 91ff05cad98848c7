package io.inpod.benchmarks;

import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.client.HbonePool;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Not a JMH benchmark, because it doesn't measure time: bytes per idle tunnel, both sides together; growth after 100,000 tunnels on kept
 * connections; and growth of the direct and of the resident memory after 20,000 tunnels with data on connections that come and go. Run with
 * {@code -Xms1g -Xmx1g -XX:+AlwaysPreTouch -cp benchmarks.jar io.inpod.benchmarks.HboneFootprint}, so that the heap doesn't count as
 * growing ({@code -Dinpod.churn=N} for more than 20,000); fails if a tunnel takes more than twice 4 KiB (there are two ends) or anything
 * grows.
 */
public final class HboneFootprint {
    private static final int IDLE = 20_000;
    private static final int CYCLED = 100_000;
    private static final int CHURNED = Integer.getInteger("inpod.churn", 20_000);
    private static final int BYTES = 10_000;

    private HboneFootprint() {}

    /** Measures. */
    public static void main(String[] args) throws Exception {
        try (HboneLoopback both = new HboneLoopback(ChannelInboundHandlerAdapter::new)) {
            HbonePool pool = both.pool();
            cycle(both, pool, IDLE);
            long before = used() + direct();
            List<TunnelChannel> idle = open(both, pool, IDLE);
            long perTunnel = (used() + direct() - before) / IDLE;
            close(idle);
            idle.clear();
            long start = used();
            cycle(both, pool, CYCLED);
            long growth = used() - start;
            System.out.printf("%d bytes per idle tunnel, both ends and their share of a connection; %d bytes more after %d tunnels%n",
                    perTunnel, growth, CYCLED);
            // The growth of the first half stays; the second half must not grow.
            churn(both, CHURNED / 2);
            used();
            long direct = direct();
            long resident = resident();
            churn(both, CHURNED / 2);
            used();
            direct = direct() - direct;
            resident = resident() - resident;
            System.out.printf("%d bytes of direct and %d of resident memory more after another %d tunnels with data on %d connections%n",
                    direct, resident,
                    CHURNED / 2, CHURNED / 200);
            if (perTunnel > 8192 || growth > 1 << 20 || direct > 8 << 20 || resident > 32 << 20) {
                System.exit(1);
            }
        }
    }

    private static void churn(HboneLoopback both, int tunnels) throws Exception {
        for (int done = 0; done < tunnels; done += 100) {
            HbonePool pool = both.pool();
            List<TunnelChannel> some = open(both, pool, 100);
            for (TunnelChannel tunnel : some) {
                tunnel.writeAndFlush(tunnel.alloc().buffer(BYTES).writeZero(BYTES))
                        .addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
            }
            close(some);
            both.clientLoop.submit(pool::close).sync();
        }
    }

    private static long direct() {
        return ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric().usedDirectMemory();
    }

    private static long resident() throws IOException {
        return 4096 * Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]);
    }

    private static void cycle(HboneLoopback both, HbonePool pool, int tunnels) throws Exception {
        for (int done = 0; done < tunnels; done += 1000) {
            close(open(both, pool, 1000));
        }
    }

    private static List<TunnelChannel> open(HboneLoopback both, HbonePool pool, int tunnels) throws Exception {
        List<TunnelChannel> open = new ArrayList<>(tunnels);
        int most = Math.min(tunnels, 1000);
        for (int done = 0; done < tunnels; done += most) {
            List<Future<TunnelChannel>> opening = both.clientLoop.submit(() -> {
                List<Future<TunnelChannel>> some = new ArrayList<>();
                for (int i = 0; i < most; i++) {
                    some.add(both.open(pool, new HalfClosing()));
                }
                return some;
            }).get(60, TimeUnit.SECONDS);
            for (Future<TunnelChannel> one : opening) {
                open.add(one.get(60, TimeUnit.SECONDS));
            }
        }
        return open;
    }

    private static void close(List<TunnelChannel> tunnels) throws InterruptedException {
        for (TunnelChannel tunnel : tunnels) {
            tunnel.shutdownOutput().addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
        }
        for (TunnelChannel tunnel : tunnels) {
            tunnel.closeFuture().sync();
        }
    }

    /** Used bytes of the heap after garbage collection. */
    private static long used() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            System.gc();
            TimeUnit.MILLISECONDS.sleep(200);
        }
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    private static final class HalfClosing extends ChannelInboundHandlerAdapter {
        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        }
    }
}
