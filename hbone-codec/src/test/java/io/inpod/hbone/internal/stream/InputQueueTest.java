package io.inpod.hbone.internal.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

class InputQueueTest {
    /** One byte of each 16 KiB read buffer: the queue holds as much as was sent, not a thousand times as much. */
    @Test
    void smallSlicesDontKeepLargeBuffers() {
        UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
        InputQueue queue = new InputQueue(allocator);
        for (int i = 0; i < 20_000; i++) {
            ByteBuf read = allocator.directBuffer(16_384).writeZero(16_384);
            queue.add(read.readRetainedSlice(1 + i % 3));
            read.release();
        }
        assertThat(allocator.metric().usedDirectMemory()).isLessThan(16_384 + 2 * 40_000);
        assertThat(queue.discard()).isEqualTo(39_999);
        assertThat(allocator.metric().usedDirectMemory()).isZero();
    }

    /** One byte for each of many tunnels, which nobody reads. */
    @Test
    void theOnlySliceOfATunnelDoesntKeepItsBuffer() {
        UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
        List<InputQueue> queues = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            InputQueue queue = new InputQueue(allocator);
            queues.add(queue);
            for (int k = 0; k < 3; k++) {
                ByteBuf read = allocator.directBuffer(16_384).writeZero(16_384);
                queue.add(read.readRetainedSlice(1));
                queue.compact();
                read.release();
            }
        }
        assertThat(allocator.metric().usedDirectMemory()).isLessThan(100 * 1000);
        assertThat(queues).allSatisfy(queue -> assertThat(queue.discard()).isEqualTo(3));
        assertThat(allocator.metric().usedDirectMemory()).isZero();
    }

    @Test
    void bytesStayInOrder() {
        UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
        InputQueue queue = new InputQueue(allocator);
        Random random = new Random(3);
        CRC32 in = new CRC32();
        CRC32 out = new CRC32();
        for (int i = 0; i < 3000; i++) {
            byte[] bytes = new byte[1 + random.nextInt(random.nextBoolean() ? 100 : 20_000)];
            random.nextBytes(bytes);
            in.update(bytes);
            ByteBuf whole = allocator.directBuffer(2 * bytes.length + 10).writeBytes(bytes);
            queue.add(random.nextBoolean() ? whole.readRetainedSlice(bytes.length) : whole.retain());
            whole.release();
            if (random.nextBoolean()) {
                queue.compact();
            }
            while (random.nextInt(3) == 0 && !queue.isEmpty()) {
                take(queue, out);
            }
        }
        while (!queue.isEmpty()) {
            take(queue, out);
        }
        assertThat(out.getValue()).isEqualTo(in.getValue());
        assertThat(queue.discard()).isZero();
        assertThat(allocator.metric().usedDirectMemory()).isZero();
    }

    private static void take(InputQueue queue, CRC32 out) {
        ByteBuf part = java.util.Objects.requireNonNull(queue.poll());
        out.update(part.nioBuffer());
        part.release();
    }
}
