package io.inpod.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.IpFamily;
import java.io.IOException;
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
        void of(Rtnetlink network) throws IOException;
    }

    private static final List<Reading> READINGS = List.of(
            network -> network.links().list(),
            network -> network.links().get("lo"),
            network -> network.links().up("lo"),
            network -> network.addresses().list(IpFamily.V4),
            network -> network.addresses().list(IpFamily.V6),
            network -> network.routes().list(IpFamily.V4, 100),
            network -> network.routes().list(IpFamily.V6),
            network -> network.rules().list(IpFamily.V4),
            network -> network.rules().list(IpFamily.V6),
            network -> network.neighbours().list(IpFamily.V4));

    private static final int[] TYPES = {
        Wire.NOOP, Wire.ERROR, Wire.DONE, Wire.OVERRUN, LinkMessages.NEW, AddressMessages.NEW, RouteMessages.NEW, RuleMessages.NEW, Neighbours.NEW
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
            run(round, READINGS.get(round % READINGS.size()), new Rtnetlink(kernel.socket()));
        }
        assertThat(results).isGreaterThan(ROUNDS / 50);
        assertThat(errors).isGreaterThan(ROUNDS / 50);
    }

    private void run(int round, Reading reading, Rtnetlink network) {
        try {
            reading.of(network);
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
            try (RtnetlinkWatch watch = new RtnetlinkWatch(kernel, EnumSet.allOf(RtnetlinkWatch.Topic.class), new Rtnetlink(kernel.socket()))) {
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

    private byte[] message(int sequence) {
        int fixed = random.nextBoolean() ? 12 : random.nextInt(24);
        NetlinkRequest payload = new NetlinkRequest("fuzz", "", 0, 0);
        payload.u8(List.of(0, 2, 2, 10, 7).get(random.nextInt(5)));
        for (int i = 1; i < fixed; i++) {
            payload.u8(random.nextInt(3) == 0 ? random.nextInt(256) : random.nextInt(3));
        }
        for (int i = random.nextInt(8); i > 0; i--) {
            byte[] value = new byte[List.of(0, 1, 4, 4, 6, 16, random.nextInt(40)).get(random.nextInt(7))];
            random.nextBytes(value);
            payload.bytes(random.nextInt(30), value);
        }
        ByteBuffer whole = ByteBuffer.allocate(payload.bytes()).order(ByteOrder.nativeOrder());
        payload.write(whole, 0, 0);
        byte[] bytes = new byte[whole.capacity() - 16];
        whole.get(16, bytes);
        int type = TYPES[random.nextInt(TYPES.length)];
        return FakeKernel.message(type, random.nextInt(4) == 0 ? random.nextInt(0x400) : 0, sequence, FakeKernel.PORT, bytes);
    }
}
