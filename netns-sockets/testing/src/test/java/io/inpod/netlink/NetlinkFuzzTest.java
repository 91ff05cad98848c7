package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netlink.conntrack.Conntrack;
import io.inpod.netlink.conntrack.ConntrackWatch;
import io.inpod.netlink.conntrack.FlowTuple;
import io.inpod.netlink.diag.SocketDiag;
import io.inpod.netlink.diag.SocketQuery;
import io.inpod.netlink.qdisc.Qdiscs;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Damaged answers lead to a result or an {@link IOException}, and to nothing else. The seed is fixed; more rounds with
 * {@code -Dinpod.fuzz.rounds=1000000}, another seed with {@code -Dinpod.fuzz.seed=...}.
 */
class NetlinkFuzzTest {
    private static final int ROUNDS = Integer.getInteger("inpod.fuzz.rounds", 20_000);
    private static final long SEED = Long.getLong("inpod.fuzz.seed", 20261123L);

    private interface Reading {
        void of(NetlinkSocket socket) throws IOException;
    }

    private static final FlowTuple TUPLE = FlowTuple.tcp(new InetSocketAddress(IpFamily.V4.loopback(), 1), new InetSocketAddress(IpFamily.V4.loopback(), 2));

    private static final List<Reading> READINGS = List.of(
            socket -> Rtnetlink.over(socket).links().list(),
            socket -> Rtnetlink.over(socket).links().get("lo"),
            socket -> Rtnetlink.over(socket).links().up("lo"),
            socket -> Rtnetlink.over(socket).links().statistics(),
            socket -> Rtnetlink.over(socket).links().statistics("lo"),
            socket -> Rtnetlink.over(socket).addresses().list(IpFamily.V4),
            socket -> Rtnetlink.over(socket).addresses().list(IpFamily.V6),
            socket -> Rtnetlink.over(socket).routes().list(IpFamily.V4, 100),
            socket -> Rtnetlink.over(socket).routes().list(IpFamily.V6),
            socket -> Rtnetlink.over(socket).rules().list(IpFamily.V4),
            socket -> Rtnetlink.over(socket).rules().list(IpFamily.V6),
            socket -> Rtnetlink.over(socket).neighbours().list(IpFamily.V4),
            socket -> SocketDiag.over(socket).list(SocketQuery.tcp().withTcpInfo()),
            socket -> SocketDiag.over(socket).list(SocketQuery.udp().first(2)),
            socket -> SocketDiag.over(socket).unix(),
            socket -> Conntrack.over(new Nfnetlink(socket)).list(IpFamily.V4),
            socket -> Conntrack.over(new Nfnetlink(socket)).find(TUPLE),
            socket -> Qdiscs.over(socket).list());

    private static final int[] TYPES = {
        Wire.NOOP, Wire.ERROR, Wire.DONE, Wire.OVERRUN, LinkMessages.NEW, AddressMessages.NEW, RouteMessages.NEW, RuleMessages.NEW, Neighbours.NEW, 0x100, 0x102
    };

    private final Random random = new Random(SEED);
    private int results;
    private int errors;

    @Test
    void damagedAnswers() {
        for (int round = 0; round < ROUNDS; round++) {
            FakeKernel kernel = new FakeKernel(Map.of("lo", 1));
            kernel.script = sent -> {
                if (kernel.batches.size() > 5) {
                    kernel.acknowledge(sent); // no more lists that change
                } else {
                    for (int i = random.nextInt(3); i >= 0; i--) {
                        kernel.answer(datagram(sent.sequence()));
                    }
                    kernel.answer(FakeKernel.done(sent.sequence(), random.nextInt(4) == 0 ? Wire.DUMP_INTERRUPTED : 0));
                }
            };
            run(round, READINGS.get(round % READINGS.size()), kernel.socket());
        }
        assertThat(results).isGreaterThan(ROUNDS / 50);
        assertThat(errors).isGreaterThan(ROUNDS / 50);
    }

    private void run(int round, Reading reading, NetlinkSocket socket) {
        try {
            reading.of(socket);
            results++;
        } catch (IOException e) {
            errors++;
        } catch (RuntimeException | Error e) {
            throw new AssertionError("round " + round + " of seed " + SEED, e);
        }
    }

    @Test
    void damagedNotifications() throws IOException {
        for (int round = 0; round < ROUNDS; round++) {
            FakeKernel kernel = new FakeKernel(Map.of("lo", 1));
            try (RtnetlinkWatch watch = new RtnetlinkWatch(new NetlinkSubscription(kernel), EnumSet.allOf(RtnetlinkWatch.Topic.class), new Rtnetlink(kernel.socket()))) {
                kernel.answer(datagram(random.nextInt(2)));
                while (true) {
                    watch.next(Duration.ofMillis(1));
                    results++;
                }
            } catch (IOException e) {
                errors++; // at the latest when there are no more datagrams
            } catch (RuntimeException | Error e) {
                throw new AssertionError("round " + round + " of seed " + SEED, e);
            }
        }
        assertThat(results).isGreaterThan(ROUNDS / 50);
    }

    @Test
    void damagedNotificationsOfFlows() {
        for (int round = 0; round < ROUNDS; round++) {
            FakeKernel kernel = new FakeKernel(Map.of());
            try (ConntrackWatch watch = ConntrackWatch.over(new NetlinkSubscription(kernel))) {
                kernel.answer(datagram(0));
                while (true) {
                    watch.next(Duration.ofMillis(1));
                    results++;
                }
            } catch (IOException e) {
                errors++;
            } catch (RuntimeException | Error e) {
                throw new AssertionError("round " + round + " of seed " + SEED, e);
            }
        }
        assertThat(errors).isEqualTo(ROUNDS);
        assertThat(results).isPositive();
    }

    private byte[] datagram(int sequence) {
        List<byte[]> messages = new ArrayList<>();
        for (int i = random.nextInt(4); i >= 0; i--) {
            messages.add(message(sequence));
        }
        ByteBuffer joined = ByteBuffer.allocate(messages.stream().mapToInt(message -> message.length).sum());
        messages.forEach(joined::put);
        byte[] bytes = joined.array();
        for (int i = random.nextInt(4); i > 0; i--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        return random.nextInt(4) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes;
    }

    /** A flow of connection tracking, whole: chance alone never makes one. */
    private void flow(NetlinkRequest payload) {
        payload.u8(2).u8(0).u16(0);
        for (int direction : new int[] {1, 2}) {
            payload.nested(direction, tuple -> tuple
                    .nested(1, addresses -> addresses.u32(1, random.nextInt()).u32(2, random.nextInt()))
                    .nested(2, protocol -> protocol.bytes(1, new byte[] {6}).be16(2, random.nextInt()).be16(3, random.nextInt())));
        }
        payload.nested(4, info -> info.nested(1, tcp -> tcp.bytes(1, new byte[] {(byte) random.nextInt(16)}))).be32(7, 60);
    }

    private byte[] message(int sequence) {
        int fixed = random.nextBoolean() ? List.of(4, 12, 12, 16, 20, 72).get(random.nextInt(6)) : random.nextInt(24);
        NetlinkRequest payload = new NetlinkRequest("fuzz", "", 0, 0);
        if (random.nextInt(4) == 0) {
            flow(payload);
            return FakeKernel.message(random.nextInt(3) == 0 ? 0x102 : 0x100, random.nextInt(0x800), sequence, FakeKernel.PORT, bytes(payload));
        }
        payload.u8(List.of(0, 2, 2, 10, 7).get(random.nextInt(5)));
        for (int i = 1; i < fixed; i++) {
            payload.u8(random.nextInt(3) == 0 ? random.nextInt(256) : random.nextInt(3));
        }
        attributes(payload, 3);
        int type = TYPES[random.nextInt(TYPES.length)];
        return FakeKernel.message(type, random.nextInt(4) == 0 ? random.nextInt(0x400) : 0, sequence, FakeKernel.PORT, bytes(payload));
    }

    private static byte[] bytes(NetlinkRequest payload) {
        ByteBuffer whole = ByteBuffer.allocate(payload.bytes()).order(ByteOrder.nativeOrder());
        payload.write(whole, 0, 0);
        byte[] bytes = new byte[whole.capacity() - 16];
        whole.get(16, bytes);
        return bytes;
    }

    private void attributes(NetlinkRequest payload, int depth) {
        for (int i = random.nextInt(8); i > 0; i--) {
            if (depth > 0 && random.nextInt(3) == 0) {
                payload.nested(random.nextInt(10), nested -> attributes(nested, depth - 1));
            } else {
                byte[] value = new byte[List.of(0, 1, 2, 4, 4, 6, 8, 16, random.nextInt(40)).get(random.nextInt(9))];
                random.nextBytes(value);
                payload.bytes(random.nextInt(30), value);
            }
        }
    }
}
