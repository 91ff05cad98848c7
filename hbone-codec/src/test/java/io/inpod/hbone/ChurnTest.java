package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.client.HbonePool;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Connections come and go, each with a hundred tunnels that carry data, and nothing grows: neither Netty's direct memory, nor the number of
 * descriptors, nor the resident memory outside the heap (the only figure that includes BoringSSL's memory).
 * {@code -Dinpod.churn=20000} makes it a long run.
 */
class ChurnTest {
    private static final int TOTAL = Integer.getInteger("inpod.churn", 4000);
    private static final int PER_CONNECTION = 100;
    private static final int SIZE = 2000;

    @Test
    void nothingGrows() throws Exception {
        try (Mesh mesh = new Mesh()) {
            InetSocketAddress address = mesh.serve(Mesh.echo());
            int connections = TOTAL / PER_CONNECTION;
            for (int i = 0; i < connections / 2; i++) {
                round(mesh, address);
            }
            Held before = Held.now();
            for (int i = 0; i < connections / 2; i++) {
                round(mesh, address);
            }
            Held after = Held.now();
            assertThat(after.direct - before.direct).as("direct memory, %s and then %s", before, after).isLessThan(4L << 20);
            assertThat(after.descriptors - before.descriptors).as("descriptors").isLessThan(10);
            // The collector's own data grows with the part of the heap that has been touched.
            assertThat(after.resident - before.resident - Runtime.getRuntime().maxMemory() / 16).as("resident, %s and then %s", before, after).isLessThan(16L << 20);
        }
    }

    private static void round(Mesh mesh, InetSocketAddress address) throws Exception {
        HbonePool pool = mesh.pool();
        CompletableFuture<Void> done = new CompletableFuture<>();
        int[] open = {PER_CONNECTION};
        mesh.onClient(() -> {
            for (int i = 0; i < PER_CONNECTION; i++) {
                pool.open(Mesh.to(address), new ConnectRequest(Mesh.APP, List.of()), new Client(() -> {
                    if (--open[0] == 0) {
                        done.complete(null);
                    }
                })).addListener(f -> {
                    if (!f.isSuccess()) {
                        done.completeExceptionally(f.cause());
                    }
                });
            }
            return null;
        });
        done.get(60, TimeUnit.SECONDS);
        var connection = mesh.clientConnections.get(mesh.clientConnections.size() - 1);
        mesh.onClient(() -> {
            pool.close();
            return null;
        });
        assertThat(connection.closeFuture().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
    }

    /** This process's use of resources: bytes outside the heap, and open files. */
    private record Held(long direct, long descriptors, long resident) {
        /** Below this address, the JVM places only the heap, if that is no larger than a few GiB. */
        private static final long HEAP_ENDS = 1L << 32;

        static Held now() throws IOException {
            System.gc();
            long resident = 0;
            boolean heap = true;
            for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
                if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                    heap = Long.parseUnsignedLong(line.substring(0, line.indexOf('-')), 16) < HEAP_ENDS;
                } else if (!heap && line.startsWith("Rss:")) {
                    resident += 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
                }
            }
            try (var files = Files.list(Path.of("/proc/self/fd"))) {
                return new Held(((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric().usedDirectMemory(), files.count(), resident);
            }
        }
    }

    private static final class Client extends ChannelInboundHandlerAdapter {
        private final Runnable closed;
        private int got;

        Client(Runnable closed) {
            this.closed = closed;
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.writeAndFlush(Unpooled.buffer(SIZE).writeZero(SIZE));
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            got += ((ByteBuf) message).readableBytes();
            ((ByteBuf) message).release();
            if (got == SIZE) {
                ((TunnelChannel) ctx.channel()).shutdownOutput();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            closed.run();
        }
    }
}
