package io.inpod.hbone.internal.stream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that have not been read yet. Flow control counts bytes, but the queue holds slices of read buffers. Small slices, and slices of
 * buffers that mostly hold something else, are copied together, so that a peer can't make us hold many times what it has sent.
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
        // The first slice is usually read immediately and isn't copied.
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

    @SuppressWarnings("ReferenceEquality") // buffers are equal if their bytes are
    @Nullable
    ByteBuf poll() {
        ByteBuf part = parts.poll();
        if (part == tail) {
            tail = null;
        }
        return part;
    }

    /** Releases all unread bytes and returns how many they were. */
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
