package io.inpod.benchmarks;

import io.inpod.hbone.HbonePool;
import io.inpod.hbone.TunnelChannel;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Not a JMH benchmark, as it isn't about time: bytes per idle tunnel, both sides together, and growth after 100,000 tunnels. Run with {@code -cp
 * benchmarks.jar io.inpod.benchmarks.HboneFootprint}; fails if a tunnel takes more than twice 4 KiB (there are two ends) or anything grows.
 */
public final class HboneFootprint {
    private static final int IDLE = 20_000;
    private static final int CYCLED = 100_000;

    private HboneFootprint() { }

    /** Measures. */
    public static void main(String[] args) throws Exception {
        try (HboneLoopback both = new HboneLoopback(ChannelInboundHandlerAdapter::new)) {
            HbonePool pool = both.pool();
            cycle(both, pool, IDLE);
            long before = used();
            List<TunnelChannel> idle = open(both, pool, IDLE);
            long perTunnel = (used() - before) / IDLE;
            close(both, idle);
            idle.clear();
            long start = used();
            cycle(both, pool, CYCLED);
            long growth = used() - start;
            System.out.printf("%d bytes per idle tunnel, both ends and their share of a connection; %d bytes more after %d tunnels%n", perTunnel, growth, CYCLED);
            if (perTunnel > 8192 || growth > 1 << 20) {
                System.exit(1);
            }
        }
    }

    private static void cycle(HboneLoopback both, HbonePool pool, int tunnels) throws Exception {
        for (int done = 0; done < tunnels; done += 1000) {
            close(both, open(both, pool, 1000));
        }
    }

    private static List<TunnelChannel> open(HboneLoopback both, HbonePool pool, int tunnels) throws Exception {
        List<TunnelChannel> open = new ArrayList<>(tunnels);
        for (int done = 0; done < tunnels; done += 1000) {
            List<Future<TunnelChannel>> opening = both.clientLoop.submit(() -> {
                List<Future<TunnelChannel>> some = new ArrayList<>();
                for (int i = 0; i < 1000; i++) {
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

    private static void close(HboneLoopback both, List<TunnelChannel> tunnels) throws InterruptedException {
        for (TunnelChannel tunnel : tunnels) {
            tunnel.shutdownOutput();
        }
        for (TunnelChannel tunnel : tunnels) {
            tunnel.closeFuture().sync();
        }
    }

    private static long used() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            System.gc();
            TimeUnit.MILLISECONDS.sleep(200);
        }
        Runtime runtime = Runtime.getRuntime();
        var metric = PooledByteBufAllocator.DEFAULT.metric();
        return runtime.totalMemory() - runtime.freeMemory() + metric.directArenas().stream().mapToLong(a -> a.numActiveBytes()).sum();
    }

    private static final class HalfClosing extends ChannelInboundHandlerAdapter {
        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        }
    }
}
