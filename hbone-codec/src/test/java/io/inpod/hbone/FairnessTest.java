package io.inpod.hbone;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.hbone.client.HbonePool;
import io.inpod.hbone.server.HboneServer;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Unread tunnels and bulk tunnels don't stop the others, and the memory that they hold is bounded. */
@Timeout(120)
class FairnessTest {
    private static final String[] GOOD = {":method", "CONNECT", ":authority", "10.0.0.1:80"};

    /** More unread tunnels than fit into the connection's window; with equal windows one is enough. */
    @ParameterizedTest
    @CsvSource({"131072, 524288, 30", "131072, 131072, 30", "4194304, 16777216, 10"})
    void unreadTunnelsDontStopTheOthers(int stream, int connection, int unread) throws Exception {
        try (Mesh mesh = new Mesh()) {
            HboneOptions options = HboneOptions.server().withWindows(stream, connection).withMaxConcurrentStreams(40);
            List<Recorder> stopped = new CopyOnWriteArrayList<>();
            var address = mesh.serve(new HboneServer(mesh.ca, options, Mesh.events(mesh.serverEvents)), request -> {
                Recorder recorder = new Recorder(true, false);
                boolean stop = stopped.size() < unread;
                Mesh.accept(request, stop ? recorder : new Mesh.Echo());
                if (stop) {
                    stopped.add(recorder);
                }
            });
            HbonePool pool = mesh.pool();
            int total = Math.min(2 * stream, 5 << 20);
            for (int i = 0; i < unread; i++) {
                Recorder bulk = mesh.open(pool, address);
                bulk.channel().writeAndFlush(bulk.channel().alloc().buffer(total).writeZero(total));
                bulk.channel().shutdownOutput();
            }
            Recorder sibling = mesh.open(pool, address);
            for (int i = 0; i < 20; i++) {
                sibling.channel().writeAndFlush(sibling.channel().alloc().buffer(100_000).writeZero(100_000));
                sibling.write("ping " + i);
                assertThat(sibling.next()).as("a sibling's answer").endsWith("ping " + i);
            }
            assertThat(stopped).hasSize(unread).allMatch(r -> r.bytes.get() == 0);
            // The stopped tunnels can continue too.
            for (Recorder r : stopped) {
                r.channel().config().setAutoRead(true);
                assertThat(r.next()).isEqualTo("EOF");
                assertThat(r.bytes.get()).isEqualTo(total);
            }
            sibling.write("still here");
            assertThat(sibling.next()).isEqualTo("still here");
            assertThat(mesh.serverEvents).isEmpty();
            assertThat(mesh.accepted.size()).isEqualTo(1);
        }
    }

    /**
     * The attack that reaches the bound fills every unread tunnel, uses all credit, and never acknowledges the smaller windows. The server
     * then holds four connection windows.
     */
    @Test
    void whatAConnectionHoldsUnreadIsBounded() throws Exception {
        try (Mesh mesh = new Mesh()) {
            int streams = 64;
            int connection = 1 << 18;
            HboneOptions options = HboneOptions.server().withWindows(1 << 16, connection).withMaxConcurrentStreams(streams);
            List<Recorder> all = new CopyOnWriteArrayList<>();
            var address = mesh.serve(new HboneServer(mesh.ca, options, Mesh.events(mesh.serverEvents)), request -> {
                Recorder recorder = new Recorder(true, false);
                all.add(recorder);
                Mesh.accept(request, recorder);
            });
            long bound = 3L * connection + (long) streams * Math.max(4096, connection / streams);
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                for (int id = 1; id < 2 * streams; id += 2) {
                    peer.headers(id, false, GOOD);
                }
                long credit = 65_535;
                long[] windows = new long[streams];
                java.util.Arrays.fill(windows, 1 << 16);
                long sent = 0;
                while (true) {
                    int next = 0;
                    while (next < streams && windows[next] == 0) {
                        next++;
                    }
                    if (next == streams) {
                        break;
                    }
                    if (credit == 0) {
                        // After the answer to a PING no more credit is in flight.
                        peer.send(6, 0, 0, new byte[8]);
                        RawPeer.Frame frame = peer.read();
                        for (; frame.type() != 6 || (frame.flags() & 1) == 0; frame = peer.read()) {
                            if (frame.type() == 8 && frame.stream() == 0) {
                                credit += java.nio.ByteBuffer.wrap(frame.payload()).getInt();
                            }
                        }
                        if (credit == 0) {
                            break;
                        }
                    }
                    int n = (int) Math.min(Math.min(credit, windows[next]), 16_384);
                    peer.send(0, 0, 2 * next + 1, new byte[n]);
                    credit -= n;
                    windows[next] -= n;
                    sent += n;
                }
                assertThat(sent).as("bytes that the server took").isGreaterThan(bound - 4L * connection / 4).isLessThanOrEqualTo(bound);
                assertThat(mesh.serverEvents).isEmpty();
                all.forEach(r -> r.channel().config().setAutoRead(true));
                // The connection is intact: everything is delivered.
                peer.send(6, 0, 0, new byte[8]);
                long expected = sent;
                org.assertj.core.api.Assertions.assertThatCode(() -> {
                    while (all.stream().mapToLong(r -> r.bytes.get()).sum() < expected) {
                        peer.read();
                    }
                }).doesNotThrowAnyException();
            }
        }
    }

    /** Three bulk tunnels limited by the connection's window take turns of at most 64 KiB. */
    @Test
    void tunnelsAreServedInTurn() throws Exception {
        try (Mesh mesh = new Mesh()) {
            List<TunnelChannel> tunnels = new ArrayList<>();
            var address = mesh.serve(request -> {
                tunnels.add(Mesh.accept(request, new ChannelInboundHandlerAdapter()));
                if (tunnels.size() == 4) {
                    // The last one sends little, after the others have begun.
                    for (int i = 0; i < 3; i++) {
                        tunnels.get(i).writeAndFlush(tunnels.get(i).alloc().buffer(1 << 20).writeZero(1 << 20));
                    }
                    tunnels.get(3).writeAndFlush(tunnels.get(3).alloc().buffer(100).writeZero(100));
                }
            });
            try (RawPeer peer = RawPeer.http2(mesh, address)) {
                // Streams get large windows, but the connection's stays 64 KiB.
                peer.send(4, 0, 0, new byte[] {0, 4, 0x00, 0x40, 0, 0});
                for (int id = 1; id <= 7; id += 2) {
                    peer.headers(id, false, GOOD);
                }
                Map<Integer, Integer> got = new LinkedHashMap<>();
                List<Integer> order = new ArrayList<>();
                List<Integer> turns = new ArrayList<>();
                int total = 0;
                while (total < 65_535) {
                    total += data(peer, order, turns, got);
                }
                assertThat(order).as("who comes first takes the window").containsExactly(1);
                peer.send(8, 0, 0, new byte[] {0, 0x0f, 0, 0});
                while (total < 65_535 + 0xf0000) {
                    total += data(peer, order, turns, got);
                }
                // 960 KiB in turns of 64 KiB: 3 and 5 wait longest, then comes the small one, then 1 again.
                assertThat(order.subList(1, 5)).containsExactly(3, 5, 7, 1);
                assertThat(got.get(7)).isEqualTo(100);
                assertThat(turns.subList(1, turns.size())).allMatch(n -> n <= 65_536);
                assertThat(Math.abs(got.get(3) - got.get(5))).isLessThanOrEqualTo(65_536);
                assertThat(Math.abs(got.get(1) - got.get(3))).isLessThanOrEqualTo(3 * 65_536);
            }
        }
    }

    private static int data(RawPeer peer, List<Integer> order, List<Integer> turns, Map<Integer, Integer> got) throws Exception {
        RawPeer.Frame frame = peer.next();
        if (frame.type() != 0) {
            return 0;
        }
        int n = frame.payload().length;
        got.merge(frame.stream(), n, Integer::sum);
        if (order.isEmpty() || order.get(order.size() - 1) != frame.stream()) {
            order.add(frame.stream());
            turns.add(n);
        } else {
            turns.set(turns.size() - 1, turns.get(turns.size() - 1) + n);
        }
        return n;
    }
}
