package io.inpod.netns.testing.fault;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/** Memory for frames that are held back, or that were made here; grows as needed up to a limit. For the holder of the relay's lock. */
final class FramePool {
    /** About 0.8 s of full frames at 1 Gbit/s. */
    private static final int MOST_FRAMES = 65_536;
    private static final int FRAMES_AT_ONCE = 256;

    private final int frameBytes;
    private final ArrayDeque<ByteBuffer> free = new ArrayDeque<>();
    private int frames;
    private long refused;

    /** For frames of this many bytes at most. */
    FramePool(int frameBytes) {
        this.frameBytes = frameBytes;
    }

    /** Whether a frame can be taken; if not, the caller drops a packet, which counts. */
    boolean hasRoom() {
        if (free.isEmpty() && frames == MOST_FRAMES) {
            refused++;
            return false;
        }
        return true;
    }

    /** An empty frame in network byte order. {@link #hasRoom()} must have been asked. */
    ByteBuffer take() {
        if (free.isEmpty()) {
            ByteBuffer memory = ByteBuffer.allocateDirect(frameBytes * FRAMES_AT_ONCE);
            for (int i = 0; i < FRAMES_AT_ONCE; i++) {
                free.add(memory.slice(i * frameBytes, frameBytes));
            }
            frames += FRAMES_AT_ONCE;
        }
        return free.pop().clear();
    }

    void giveBack(ByteBuffer frame) {
        free.push(frame);
    }

    /** How many packets were dropped because too many were held back. */
    long refused() {
        return refused;
    }
}
