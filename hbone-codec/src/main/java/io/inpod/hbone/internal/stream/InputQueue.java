package io.inpod.hbone.internal.stream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that have not been read yet. Flow control counts bytes, but the queue holds slices of read buffers. Small slices, and slices of
 * buffers that mostly hold something else, are copied together, so that a peer can't make us hold many times what it has sent, not even by
 * sending one byte to each of many tunnels.
 */
final class InputQueue {
    private static final int SMALL = 2048;
    private static final int FIRST_CHUNK = 64;
    private static final int CHUNK = 8192;

    private final ByteBufAllocator allocator;
    private final ArrayDeque<ByteBuf> parts = new ArrayDeque<>(2);
    private @Nullable ByteBuf tail;
    private int nextChunk = FIRST_CHUNK;

    InputQueue(ByteBufAllocator allocator) {
        this.allocator = allocator;
    }

    boolean isEmpty() {
        return parts.isEmpty();
    }

    /** Takes ownership. */
    void add(ByteBuf part) {
        int n = part.readableBytes();
        if (parts.isEmpty()) {
            nextChunk = FIRST_CHUNK;
        }
        // The first slice is usually read immediately and isn't copied, unless compact() is called.
        if (parts.isEmpty() || n >= SMALL && !isWasteful(part, n)) {
            tail = null;
            parts.add(part);
            return;
        }
        ByteBuf last = tail;
        if (last == null || last.writableBytes() < n) {
            int size = Math.max(nextChunk, n);
            nextChunk = Math.min(CHUNK, 2 * size);
            last = allocator.directBuffer(size, size);
            tail = last;
            parts.add(last);
        }
        last.writeBytes(part);
        part.release();
    }

    /** Nobody has read the first slice immediately. */
    @SuppressWarnings("ReferenceEquality") // buffers are equal if their bytes are
    void compact() {
        ByteBuf head = parts.peek();
        if (head != null && head != tail && isWasteful(head, head.readableBytes())) {
            int n = head.readableBytes();
            parts.remove();
            parts.addFirst(allocator.directBuffer(n, n).writeBytes(head));
            head.release();
        }
    }

    private static boolean isWasteful(ByteBuf part, int n) {
        ByteBuf whole = part;
        for (ByteBuf outer = part.unwrap(); outer != null; outer = outer.unwrap()) {
            whole = outer;
        }
        return whole.capacity() > 2 * n;
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
