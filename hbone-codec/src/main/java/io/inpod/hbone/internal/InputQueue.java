package io.inpod.hbone.internal;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that nobody has read yet. Flow control counts bytes, but what is held are slices of read buffers: so that a peer can't make us
 * hold many times what it sent, small slices, and those of buffers that are mostly something else, are put together.
 */
final class InputQueue {
    private static final int SMALL = 2048;
    private static final int CHUNK = 8192;

    private final ByteBufAllocator allocator;
    private final ArrayDeque<ByteBuf> parts = new ArrayDeque<>(2);
    private @Nullable ByteBuf tail;

    InputQueue(ByteBufAllocator allocator) {
        this.allocator = allocator;
    }

    boolean isEmpty() {
        return parts.isEmpty();
    }

    /** Takes ownership. */
    void add(ByteBuf part) {
        int n = part.readableBytes();
        // The first one stays as it is: usually it is read at once.
        if (parts.isEmpty() || n >= SMALL && !isWasteful(part, n)) {
            tail = null;
            parts.add(part);
            return;
        }
        ByteBuf last = tail;
        if (last == null || last.writableBytes() < n) {
            last = allocator.directBuffer(Math.max(CHUNK, n), Math.max(CHUNK, n));
            tail = last;
            parts.add(last);
        }
        last.writeBytes(part);
        part.release();
    }

    private static boolean isWasteful(ByteBuf part, int n) {
        ByteBuf whole = part.unwrap();
        return whole != null && whole.capacity() > 2 * n;
    }

    @Nullable ByteBuf poll() {
        ByteBuf part = parts.poll();
        if (part == tail) {
            tail = null;
        }
        return part;
    }

    /** Releases what wasn't read and says how much it was. */
    int discard() {
        int bytes = 0;
        for (ByteBuf b = parts.poll(); b != null; b = parts.poll()) {
            bytes += b.readableBytes();
            b.release();
        }
        tail = null;
        return bytes;
    }
}
