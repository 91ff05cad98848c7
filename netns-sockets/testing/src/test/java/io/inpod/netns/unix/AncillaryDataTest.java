package io.inpod.netns.unix;

import static org.assertj.core.api.Assertions.assertThat;

import io.inpod.netns.internal.Native;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Control data is parsed without trusting it, although it comes from the kernel. */
class AncillaryDataTest {
    private static final long SEED = 20261123;

    private static ByteBuffer control(long length, int level, int type, int... numbers) {
        ByteBuffer control = Native.buffer(16 + numbers.length * 4).putLong(0, length).putInt(8, level).putInt(12, type);
        for (int i = 0; i < numbers.length; i++) {
            control.putInt(16 + i * 4, numbers[i]);
        }
        return control;
    }

    private static List<Integer> numbers(ByteBuffer control) {
        return MessageHeader.numbers(control, 0, control.limit());
    }

    @Test
    void findsDescriptorsAmongOtherMessages() {
        ByteBuffer two = Native.buffer(32 + 24).put(control(28, 1, 2, 1, 2, 3)).put(32, control(24, 1, 1, 7, 8), 0, 24).rewind();

        assertThat(numbers(two)).containsExactly(7, 8);
        assertThat(numbers(control(20, 1, 1, 9))).containsExactly(9);
        assertThat(numbers(control(20, 41, 1, 9))).isEmpty();
    }

    @Test
    void wrongLengthsFindNothingThatDoesNotExist() {
        for (long length : new long[] {0, 1, 15, -1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 32, 0x80000000L}) {
            assertThat(numbers(control(length, 1, 1, 5, 6))).as("length %d", length).isEmpty();
        }
        for (long length : new long[] {25, 1000, Integer.MAX_VALUE}) {
            assertThat(numbers(control(length, 1, 1, 5, 6))).as("length %d", length).containsExactly(5, 6);
        }
        assertThat(numbers(control(20, 1, 1, -5))).as("no descriptor is negative").isEmpty();
    }

    @Test
    void anyBytesEndInAList() {
        Random random = new Random(SEED);
        for (int i = 0; i < Integer.getInteger("inpod.fuzz.rounds", 20_000); i++) {
            byte[] bytes = new byte[random.nextInt(120)];
            random.nextBytes(bytes);
            ByteBuffer control = Native.buffer(bytes.length).put(bytes).rewind();
            for (int at = 0; at + 16 <= bytes.length; at += 8) {
                if (random.nextBoolean()) {
                    control.putLong(at, random.nextInt(64)).putInt(at + 8, 1).putInt(at + 12, 1);
                }
            }
            List<Integer> found = numbers(control);
            assertThat(found.size()).as("seed %d, round %d", SEED, i).isLessThanOrEqualTo(bytes.length / 4);
            assertThat(found).allMatch(number -> number >= 0);
        }
    }
}
