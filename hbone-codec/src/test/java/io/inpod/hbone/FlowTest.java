package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.server.HboneServer;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class FlowTest {
    private static final long TOTAL = 64L << 20;
    /** What a connection may hold although there is no room. */
    private static final int SMALL = 16 << 10;

    @Test
    void bulkBothWaysAtOnce() throws Exception {
        try (Mesh mesh = new Mesh()) {
            Pump server = new Pump(1);
            Pump client = new Pump(2);
            var address = mesh.serve(request -> Mesh.accept(request, server));
            mesh.start(mesh.pool(), Mesh.to(address), client);
            assertThat(client.received.get(60, TimeUnit.SECONDS)).isEqualTo(server.sent.get(60, TimeUnit.SECONDS));
            assertThat(server.received.get(60, TimeUnit.SECONDS)).isEqualTo(client.sent.get(60, TimeUnit.SECONDS));
        }
    }

    @Test
    void aStoppedReaderHoldsOneWindowAndHarmsNobody() throws Exception {
        try (Mesh mesh = new Mesh()) {
            HboneOptions small = HboneOptions.server().withWindows(1 << 17, 1 << 19);
            Recorder stopped = new Recorder(true, false);
            var address = mesh.serve(new HboneServer(mesh.ca, small, HboneEvents.NONE), firstTo(stopped));
            HbonePool pool = mesh.pool();
            Recorder bulk = mesh.open(pool, address);
            Recorder sibling = mesh.open(pool, address);
            int total = 8 << 20;
            write(bulk, total);
            assertAnswered(sibling);
            assertThat(bulk.channel().isWritable()).isFalse();
            assertThat(stopped.bytes.get()).isZero();
            long pending = mesh.onClient(() -> java.util.Objects.requireNonNull(bulk.channel().unsafe().outboundBuffer()).totalPendingWriteBytes());
            assertThat(pending).isGreaterThanOrEqualTo(total - (1 << 17) - (1 << 16));
            bulk.channel().shutdownOutput();
            stopped.channel().config().setAutoRead(true);
            assertEndsAfter(total, stopped);
        }
    }

    /** Without the bound, each of the unread connections would hold a stream window of 4 MiB. */
    @Test
    void unreadBytesOfAllConnectionsAreBoundedAndOthersGoOn() throws Exception {
        long most = 1 << 20;
        Bounded account = new Bounded(most, HboneMemory.Account.UNBOUNDED.least());
        try (Mesh mesh = new Mesh()) {
            var unread = new LinkedBlockingQueue<Recorder>();
            HboneOptions bounded = HboneOptions.server().with((HboneMemory) connection -> account);
            var address = mesh.serve(new HboneServer(mesh.ca, bounded, HboneEvents.NONE), request -> {
                if (unread.size() < 3) {
                    Recorder recorder = new Recorder(true, false);
                    Mesh.accept(request, recorder);
                    unread.add(recorder);
                } else {
                    Mesh.accept(request, new Mesh.Echo());
                }
            });
            int total = 8 << 20;
            for (int i = 0; i < 3; i++) {
                Recorder client = mesh.open(mesh.pool(), address); // a connection of its own
                write(client, total);
                client.channel().shutdownOutput();
            }
            await(() -> account.held.get() >= most);
            Recorder other = mesh.open(mesh.pool(), address);
            assertAnswered(other);
            assertThat(account.held.get()).isBetween(most, most + 3 * (512 << 10)); // each connection stops after one read
            for (Recorder reader : unread) {
                reader.channel().config().setAutoRead(true);
            }
            for (Recorder reader : unread) {
                assertEndsAfter(total, reader);
            }
        }
        assertThat(account.held.get()).isZero();
    }

    /** Without the bound, each connection would queue 512 KiB for a peer that receives nothing. */
    @Test
    void bytesQueuedForPeersThatDontReceiveAreBoundedAndOthersGoOn() throws Exception {
        Bounded account = new Bounded(1 << 20, SMALL);
        int connections = 12;
        int total = 2 << 20;
        try (Mesh mesh = new Mesh()) {
            var senders = new LinkedBlockingQueue<TunnelChannel>();
            HboneOptions bounded = HboneOptions.server().with((HboneMemory) connection -> account);
            var address = mesh.serve(new HboneServer(mesh.ca, bounded, HboneEvents.NONE), request -> {
                if (senders.size() < connections) {
                    senders.add(Mesh.accept(request, new Recorder()));
                } else {
                    Mesh.accept(request, new Mesh.Echo());
                }
            });
            List<Recorder> clients = new java.util.ArrayList<>();
            for (int i = 0; i < connections; i++) {
                clients.add(mesh.open(mesh.pool(), address)); // a connection of its own
                clients.get(i).channel().parent().config().setAutoRead(false);
            }
            for (TunnelChannel sender : senders) {
                sender.writeAndFlush(sender.alloc().buffer(total).writeZero(total));
                sender.shutdownOutput();
            }
            await(() -> account.held.get() >= 1 << 20);
            Recorder other = mesh.open(mesh.pool(), address);
            assertAnswered(other);
            long pending = mesh.serverLoops.submit(() -> mesh.accepted.stream()
                    .mapToLong(c -> java.util.Objects.requireNonNull(c.unsafe().outboundBuffer()).totalPendingWriteBytes()).sum()).get();
            assertThat(pending).isBetween(1L << 19, (1L << 20) + connections * (128L << 10));
            clients.forEach(client -> client.channel().parent().config().setAutoRead(true));
            for (Recorder client : clients) {
                assertEndsAfter(total, client);
            }
        }
        assertThat(account.held.get()).isZero();
    }

    /** Of each connection, the whole frames of a block and the beginning of the last one are kept, in as much memory as is counted. */
    @Test
    void incompleteHeaderBlocksCount() throws Exception {
        Bounded account = new Bounded(Long.MAX_VALUE, SMALL);
        int connections = 5;
        try (Mesh mesh = new Mesh()) {
            HboneOptions counted = HboneOptions.server().with((HboneMemory) connection -> account);
            var address = mesh.serve(new HboneServer(mesh.ca, counted, HboneEvents.NONE), Mesh.echo());
            List<RawPeer> peers = new java.util.ArrayList<>();
            for (int i = 0; i < connections; i++) {
                RawPeer peer = RawPeer.http2(mesh, address);
                peers.add(peer);
                peer.send(1, 0, 1, RawPeer.block(":method", "CONNECT", ":authority", "10.0.0.1:80", "x", "y".repeat(30_000)));
                byte[] end = RawPeer.frame(9, 4, 1, RawPeer.block("z", "z".repeat(20_000)));
                peer.raw(java.util.Arrays.copyOf(end, end.length - 1));
            }
            await(() -> account.held.get() >= connections * 50_000L);
            assertThat(account.held.get()).isLessThan(connections * 60_000L);
            peers.get(0).raw(new byte[] {'z'});
            assertThat(peers.get(0).next().type()).as("the request is complete").isEqualTo(1);
            for (RawPeer peer : peers) {
                peer.close();
            }
            await(() -> account.held.get() <= 0);
        }
    }

    /** A block that is larger than what a connection may hold without room arrives nevertheless. */
    @Test
    void aHeaderBlockArrivesThoughThereIsNoRoom() throws Exception {
        Bounded account = new Bounded(0, SMALL);
        try (Mesh mesh = new Mesh()) {
            HboneOptions counted = HboneOptions.server().with((HboneMemory) connection -> account);
            var address = mesh.serve(new HboneServer(mesh.ca, counted, HboneEvents.NONE), Mesh.echo());
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                peer.headers(1, false, ":method", "CONNECT", ":authority", "10.0.0.1:80", "x", "y".repeat(40_000));
                assertThat(peer.next().type()).isEqualTo(1);
            }
        }
    }

    /** What lets its tunnels go on may wait in the socket: a WINDOW_UPDATE, a reset, or a PING of a peer that loses patience. */
    @Test
    void aConnectionThatIsStoppedIsReadNowAndThen() throws Exception {
        Bounded account = new Bounded(1, SMALL);
        try (Mesh mesh = new Mesh()) {
            Recorder unread = new Recorder(true, false);
            HboneOptions bounded = HboneOptions.server().with((HboneMemory) connection -> account);
            var address = mesh.serve(new HboneServer(mesh.ca, bounded, HboneEvents.NONE), firstTo(unread));
            HbonePool pool = mesh.pool();
            Recorder bulk = mesh.open(pool, address);
            Recorder sibling = mesh.open(pool, address);
            int total = 20 << 10;
            bulk.channel().writeAndFlush(bulk.channel().alloc().buffer(total).writeZero(total)).sync();
            await(() -> !mesh.accepted.iterator().next().config().isAutoRead());
            sibling.write("ping");
            assertThat(sibling.next()).isEqualTo("ping");
            unread.channel().config().setAutoRead(true);
            bulk.channel().shutdownOutput();
            assertEndsAfter(total, unread);
        }
        assertThat(account.held.get()).isZero();
    }

    @Test
    void equalWindowsAreKeptAndDontDeadlock() throws Exception {
        try (Mesh mesh = new Mesh()) {
            HboneOptions equal = HboneOptions.server().withWindows(1 << 17, 1 << 17);
            var servers = new java.util.concurrent.LinkedBlockingQueue<Recorder>();
            var address = mesh.serve(new HboneServer(mesh.ca, equal, Mesh.events(mesh.serverEvents)), request -> {
                Recorder recorder = new Recorder(true, servers.size() > 0);
                Mesh.accept(request, recorder);
                servers.add(recorder);
            });
            HbonePool pool = mesh.pool();
            int total = 1 << 20;
            List<Recorder> clients = List.of(mesh.open(pool, address), mesh.open(pool, address), mesh.open(pool, address));
            for (Recorder client : clients) {
                client.channel().writeAndFlush(client.channel().alloc().buffer(total).writeZero(total));
                client.channel().shutdownOutput();
            }
            Recorder stopped = servers.take();
            stopped.channel().config().setAutoRead(true);
            assertEndsAfter(total, stopped);
            for (Recorder other : servers) {
                assertEndsAfter(total, other);
            }
            assertThat(mesh.serverEvents).isEmpty();
        }
    }

    /** Gives the first tunnel to a handler, and echoes in all others. */
    private static TunnelRequestHandler firstTo(Recorder first) {
        AtomicBoolean taken = new AtomicBoolean();
        return request -> Mesh.accept(request, taken.getAndSet(true) ? new Mesh.Echo() : first);
    }

    private static void write(Recorder tunnel, int total) {
        for (int sent = 0; sent < total; sent += 1 << 16) {
            tunnel.channel().writeAndFlush(tunnel.channel().alloc().buffer(1 << 16).writeZero(1 << 16));
        }
    }

    private static void assertAnswered(Recorder tunnel) throws InterruptedException {
        for (int i = 0; i < 100; i++) {
            tunnel.write("ping " + i);
            assertThat(tunnel.next()).isEqualTo("ping " + i);
        }
    }

    private static void assertEndsAfter(int total, Recorder tunnel) throws InterruptedException {
        assertThat(tunnel.next()).isEqualTo("EOF");
        assertThat(tunnel.bytes.get()).isEqualTo(total);
    }

    private static void await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            assertThat(Thread.interrupted()).isFalse();
        }
    }

    /** Counts what connections hold, and is exhausted from some number of bytes on. */
    private static final class Bounded implements HboneMemory.Account {
        final AtomicLong held = new AtomicLong();
        private final long most;
        private final int least;

        Bounded(long most, int least) {
            this.most = most;
            this.least = least;
        }

        @Override
        public void changed(long bytes) {
            held.addAndGet(bytes);
        }

        @Override
        public boolean isExhausted() {
            return held.get() >= most;
        }

        @Override
        public int least() {
            return least;
        }
    }

    /** Sends 64 MiB of random bytes in pieces of odd sizes as fast as the channel accepts them, and computes a checksum of its input. */
    private static final class Pump extends ChannelInboundHandlerAdapter {
        final CompletableFuture<Long> sent = new CompletableFuture<>();
        final CompletableFuture<Long> received = new CompletableFuture<>();
        private final CRC32C in = new CRC32C();
        private final CRC32C out = new CRC32C();
        private final Random random;
        private long left = TOTAL;
        private long got;

        Pump(long seed) {
            random = new Random(seed);
        }

        @Override
        public void handlerAdded(ChannelHandlerContext ctx) {
            ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            pump(ctx);
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            pump(ctx);
        }

        private void pump(ChannelHandlerContext ctx) {
            while (left > 0 && ctx.channel().isWritable()) {
                byte[] piece = new byte[(int) Math.min(left, 1 + random.nextInt(200_000))];
                random.nextBytes(piece);
                out.update(piece);
                left -= piece.length;
                if (left == 0) {
                    sent.complete(out.getValue());
                }
                ctx.writeAndFlush(ctx.alloc().buffer(piece.length).writeBytes(piece));
                if (left == 0) {
                    ((TunnelChannel) ctx.channel()).shutdownOutput();
                }
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf buffer = (ByteBuf) message;
            got += buffer.readableBytes();
            in.update(buffer.nioBuffer());
            buffer.release();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                received.complete(got == TOTAL ? in.getValue() : -got);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            received.completeExceptionally(cause);
            sent.completeExceptionally(cause);
        }
    }
}
