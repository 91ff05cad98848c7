package io.inpod.netns.testing.fault;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/** Memory for frames that are held back, or that were made here; grows as needed up to a limit. For the holder of the relay's lock. */
final class FramePool {
    /** About a second at 1 Gbit/s. */
    private static final long MOST_BYTES = 128 << 20;
    private static final int BYTES_AT_ONCE = 1 << 20;
    private static final int SMALL_BYTES = 2048;

    private final int largeBytes;
    private final ArrayDeque<ByteBuffer> small = new ArrayDeque<>();
    private final ArrayDeque<ByteBuffer> large = new ArrayDeque<>();
    private long bytes;
    private long refused;

    /** For frames of this many bytes at most. */
    FramePool(int frameBytes) {
        largeBytes = frameBytes;
    }

    /** Whether frames can be taken; if not, the caller drops a packet, which counts. */
    boolean hasRoom() {
        if (bytes >= MOST_BYTES && (small.isEmpty() || large.isEmpty())) {
            refused++;
            return false;
        }
        return true;
    }

    /** Memory in network byte order for a frame of this many bytes. {@link #hasRoom()} must have been asked. */
    ByteBuffer take(int frameBytes) {
        ArrayDeque<ByteBuffer> free = frameBytes <= SMALL_BYTES ? small : large;
        int each = free == small ? SMALL_BYTES : largeBytes;
        if (free.isEmpty()) {
            ByteBuffer memory = ByteBuffer.allocateDirect(Math.max(each, BYTES_AT_ONCE / each * each));
            for (int at = 0; at < memory.capacity(); at += each) {
                free.add(memory.slice(at, each));
            }
            bytes += memory.capacity();
        }
        return free.pop().clear();
    }

    void giveBack(ByteBuffer frame) {
        (frame.capacity() == SMALL_BYTES ? small : large).push(frame);
    }

    /** How many packets were dropped because too many were held back. */
    long refused() {
        return refused;
    }
}
