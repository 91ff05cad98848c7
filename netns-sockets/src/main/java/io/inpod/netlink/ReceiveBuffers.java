package io.inpod.netlink;

import io.inpod.netns.internal.Native;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * Direct buffers for what the kernel answers. A socket needs one only between its request and the end of the answer. One for each socket
 * would pile up until a garbage collection: a direct buffer of 32 KiB is a small object for the collector. Thread-safe.
 */
final class ReceiveBuffers {
    /** The kernel writes at most 32 KiB of a list at once. */
    static final int BYTES = 32 * 1024;
    private static final int MOST_IDLE = 8;
    private static final ArrayBlockingQueue<ByteBuffer> IDLE = new ArrayBlockingQueue<>(MOST_IDLE);

    private ReceiveBuffers() {}

    /** Returns a buffer that nothing else uses. Its contents are undefined. */
    static ByteBuffer take() {
        ByteBuffer idle = IDLE.poll();
        return idle == null ? Native.buffer(BYTES) : idle;
    }

    /** Takes back a buffer that is no longer used. Keeps a few, all of {@value #BYTES} bytes. */
    static void giveBack(ByteBuffer buffer) {
        if (buffer.capacity() == BYTES) {
            var unused = IDLE.offer(buffer); // if there are enough, the collector takes it
        }
    }
}
