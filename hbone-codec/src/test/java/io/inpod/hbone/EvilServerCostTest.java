package io.inpod.hbone;

import static io.inpod.hbone.Attack.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.inpod.hbone.client.HbonePool;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.util.concurrent.Future;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The costs that a server can inflict on a client, in memory, connections and bytes, each with its bound and an attack that reaches it. */
@Timeout(120)
class EvilServerCostTest {
    private static final int WINDOW = 128 << 10;
    private static final int TUNNELS = 20;

    private static long direct() {
        return ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric().usedDirectMemory();
    }

    private static RawPeer accept(Mesh mesh, Socket tcp) throws Exception {
        RawPeer peer = RawPeer.accept(tcp, mesh.ca.certificate(Mesh.SERVER), true, "TLSv1.3", "h2");
        peer.readPreface();
        return peer;
    }

    /**
     * The tunnels are unread; the server uses all of its credit and ignores smaller stream windows. Bound: three connection windows plus a
     * reduced stream window (4,096 bytes here) for each tunnel allowed. Exceeding it ends the connection.
     */
    @Test
    void unreadBytes() throws Exception {
        CompletableFuture<Long> sent = new CompletableFuture<>();
        CompletableFuture<Void> more = new CompletableFuture<>();
        long before = direct();
        try (Mesh mesh = new Mesh(); EvilServer server = new EvilServer(tcp -> fill(mesh, tcp, sent, more))) {
            HbonePool pool = mesh.pool(HboneOptions.client().withWindows(WINDOW, WINDOW).withMaxConcurrentStreams(TUNNELS));
            List<Recorder> tunnels = new ArrayList<>();
            for (int i = 0; i < TUNNELS; i++) {
                tunnels.add(new Recorder(true, false));
                mesh.start(pool, Mesh.to(server.address()), tunnels.get(i));
            }
            long bound = 3L * WINDOW + TUNNELS * (long) Math.max(4096, WINDOW / TUNNELS);
            assertThat(sent.get(60, TimeUnit.SECONDS)).as("the attack reaches it").isGreaterThanOrEqualTo(3L * WINDOW).isLessThanOrEqualTo(bound);
            // Slices of read buffers are merged if they would waste memory, so at most double; plus a few read buffers and chunks.
            assertThat(direct() - before).isLessThan(2 * bound + (16 << 20));
            more.complete(null);
            assertThat(tunnels.get(0).next()).contains("connection window exceeded");
            mesh.onClient(() -> {
                pool.close();
                return null;
            });
        }
    }

    private static void fill(Mesh mesh, Socket tcp, CompletableFuture<Long> sent, CompletableFuture<Void> more) throws Exception {
        RawPeer peer = accept(mesh, tcp);
        peer.send(4, 0, 0);
        long credit = 65_535;
        for (int asked = 0; asked < TUNNELS;) {
            RawPeer.Frame frame = peer.read();
            if (frame.type() == 1) {
                asked++;
                peer.headers(frame.stream(), false, ":status", "200");
            }
            credit += credit(frame);
        }
        long total = 0;
        // Three PING replies without new credit mean three turns of the client's loop.
        for (int turns = 0; turns < 3; turns++) {
            for (; credit >= 4096; credit -= 4096) {
                peer.send(0, 0, (int) (total / 4096 % TUNNELS) * 2 + 1, new byte[4096]);
                total += 4096;
                turns = 0;
            }
            peer.send(6, 0, 0, new byte[8]);
            RawPeer.Frame frame;
            do {
                frame = peer.read();
                credit += credit(frame);
            } while (frame.type() != 6 || frame.flags() != 1);
        }
        sent.complete(total);
        more.get(Mesh.PATIENCE, TimeUnit.SECONDS);
        for (long rest = credit; rest >= 0; rest -= 4096) {
            peer.send(0, 0, 1, new byte[4096]);
        }
    }

    private static int credit(RawPeer.Frame frame) {
        return frame.type() == 8 && frame.stream() == 0 ? ByteBuffer.wrap(frame.payload()).getInt() : 0;
    }

    /** The server changes the size of our header table as often as it can; we announce at most two changes (RFC 7541 section 4.2). */
    @Test
    void changesOfTheHeaderTable() throws Exception {
        LinkedBlockingQueue<Integer> blocks = new LinkedBlockingQueue<>();
        byte[] changes = new byte[6 * 64];
        for (int i = 0; i < 64; i++) {
            changes[6 * i + 1] = 1;
            changes[6 * i + 4] = (byte) (i % 2 == 0 ? 0 : 16);
        }
        try (Mesh mesh = new Mesh(); EvilServer server = new EvilServer(tcp -> {
            RawPeer peer = accept(mesh, tcp);
            peer.send(4, 0, 0);
            for (int id = 1; id < 7; id += 2) {
                blocks.add(peer.next().payload().length);
                Attack.storm(peer, 200, RawPeer.frame(4, 0, 0, changes));
                peer.headers(id, false, ":status", "200");
            }
        })) {
            HbonePool pool = mesh.pool();
            for (int i = 0; i < 3; i++) {
                mesh.open(pool, server.address());
            }
            int first = blocks.take();
            assertThat(blocks.take()).isLessThanOrEqualTo(first + 4);
            assertThat(blocks.take()).isLessThanOrEqualTo(first + 4);
            mesh.onClient(() -> {
                pool.close();
                return null;
            });
        }
    }

    /** Each request is answered, and a connection that accepts no more tunnels isn't kept, however the server declares that. */
    @Test
    void connectionsThatTakeNoMore() throws Exception {
        byte[] none = bytes(0, 3, 0, 0, 0, 0);
        try (Mesh mesh = new Mesh(); EvilServer server = new EvilServer(tcp -> {
            RawPeer peer = accept(mesh, tcp);
            peer.send(4, 0, 0);
            peer.next();
            peer.send(4, 0, 0, none);
            peer.headers(1, true, ":status", "200");
        })) {
            HbonePool pool = mesh.pool();
            for (int i = 0; i < 10; i++) {
                Recorder tunnel = mesh.open(pool, server.address());
                assertThat(tunnel.next()).isEqualTo("EOF");
                tunnel.channel().close().sync();
                assertThat(tunnel.channel().parent().closeFuture().await(Mesh.PATIENCE, TimeUnit.SECONDS)).isTrue();
            }
            assertThat(server.accepted()).isEqualTo(10);
        }
    }

    /** When the limit is lowered under load, established tunnels continue, and new ones, up to the limit, use other connections. */
    @Test
    void aLimitThatIsLoweredUnderLoad() throws Exception {
        try (Mesh mesh = new Mesh(); EvilServer server = new EvilServer(tcp -> {
            RawPeer peer = accept(mesh, tcp);
            peer.send(4, 0, 0);
            for (int i = 0; i < 3; i++) {
                RawPeer.Frame request = peer.next();
                if (i == 2) {
                    peer.send(4, 0, 0, bytes(0, 3, 0, 0, 0, 1));
                }
                peer.headers(request.stream(), false, ":status", "200");
                peer.send(0, 0, request.stream(), bytes('a' + i));
            }
            assertThat(peer.next().type()).as("no fourth one, but GOAWAY").isEqualTo(7);
        })) {
            HbonePool pool = mesh.pool();
            List<Recorder> all = new ArrayList<>();
            for (int i = 0; i < 7; i++) {
                Recorder tunnel = mesh.open(pool, server.address());
                assertThat(tunnel.next()).isEqualTo("" + "abc".charAt(i % 3));
                all.add(tunnel);
            }
            assertThat(server.accepted()).isEqualTo(3);
            assertThat(all).allMatch(t -> t.channel().isActive());
            mesh.onClient(() -> {
                pool.close();
                return null;
            });
        }
    }

    /** A hundred concurrent requests to a server that always sends GOAWAY cause no storm of connections, and each request fails. */
    @Test
    void aServerThatIsAlwaysGoingAway() throws Exception {
        try (Mesh mesh = new Mesh(); EvilServer server = new EvilServer(tcp -> {
            RawPeer peer = accept(mesh, tcp);
            peer.send(4, 0, 0);
            peer.send(7, 0, 0, new byte[8]);
        })) {
            HbonePool pool = mesh.pool();
            List<Future<TunnelChannel>> all = mesh.onClient(() -> {
                List<Future<TunnelChannel>> futures = new ArrayList<>();
                for (int i = 0; i < 100; i++) {
                    futures.add(pool.open(Mesh.to(server.address()), new ConnectRequest(Mesh.APP, List.of()), new Recorder()));
                }
                return futures;
            });
            for (Future<TunnelChannel> opening : all) {
                assertThatThrownBy(() -> opening.get(Mesh.PATIENCE, TimeUnit.SECONDS)).hasMessageContaining("going away");
            }
            assertThat(server.accepted()).isLessThanOrEqualTo(4);
        }
    }

    /** The server gives a tunnel no credit. Bound: the writer's high-water mark. The tunnel ends when it is closed, and others continue. */
    @Test
    void aWindowOfNothing() throws Exception {
        CompletableFuture<Integer> ended = new CompletableFuture<>();
        try (Mesh mesh = new Mesh(); EvilServer server = new EvilServer(tcp -> {
            RawPeer peer = accept(mesh, tcp);
            peer.send(4, 0, 0, bytes(0, 4, 0, 0, 0, 0));
            peer.headers(peer.next().stream(), false, ":status", "200");
            int second = peer.next().stream();
            peer.headers(second, false, ":status", "200");
            peer.send(8, 0, second, bytes(0, 0, 1, 0));
            RawPeer.Frame data = peer.next();
            peer.send(0, 0, data.stream(), data.payload());
            ended.complete(peer.next().code());
        })) {
            HbonePool pool = mesh.pool();
            Recorder stalled = mesh.open(pool, server.address());
            TunnelChannel tunnel = stalled.channel();
            long pending = mesh.onClient(() -> {
                while (tunnel.isWritable()) {
                    tunnel.writeAndFlush(tunnel.alloc().buffer(10_000).writeZero(10_000));
                }
                return java.util.Objects.requireNonNull(tunnel.unsafe().outboundBuffer()).totalPendingWriteBytes();
            });
            assertThat(pending).isBetween(200_000L, 300_000L);
            Recorder second = mesh.open(pool, server.address());
            assertThat(second.channel().parent()).isSameAs(tunnel.parent());
            second.write("alive");
            assertThat(second.next()).isEqualTo("alive");
            tunnel.close().sync();
            assertThat(ended.get(Mesh.PATIENCE, TimeUnit.SECONDS)).as("RST_STREAM CANCEL").isEqualTo(8);
            mesh.onClient(() -> {
                pool.close();
                return null;
            });
        }
    }
}
