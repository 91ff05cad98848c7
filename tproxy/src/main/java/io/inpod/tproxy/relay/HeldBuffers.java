package io.inpod.tproxy.relay;

import io.inpod.tproxy.share.Share;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The buffers that wait to be written to one channel, in order, and their part in a {@link Share}. What is written at once, as nearly
 * everything is, never reaches the share: it is only {@linkplain #settle settled} after each flush. On the event loop only.
 */
final class HeldBuffers {
    private static final int FIRST = 2; // most channels never have more

    private final Share share;
    /** A ring of the buffers' sizes in memory; its length is a power of two. */
    private int[] sizes = new int[FIRST];
    private int first;
    private int count;
    private long bytes;
    private long counted;
    /** The memory of which the newest buffer is a part. */
    private @Nullable ByteBuf newest;

    private HeldBuffers(Share share) {
        this.share = share;
    }

    static @Nullable HeldBuffers of(@Nullable Share share) {
        return share == null ? null : new HeldBuffers(share);
    }

    /**
     * Returns what to write in place of a buffer: a copy if the buffer is a small part of a larger one and must wait, as otherwise it would
     * keep all of that in memory. Takes ownership.
     */
    ByteBuf compact(ByteBuf buffer, ByteBufAllocator allocator) {
        int bytes = buffer.readableBytes();
        if (counted == 0 || whole(buffer).capacity() <= 2 * bytes) {
            return buffer;
        }
        ByteBuf copy = allocator.directBuffer(bytes, bytes).writeBytes(buffer);
        buffer.release();
        return copy;
    }

    /** A buffer is written, and its write will complete. Parts of one larger buffer count as that, once, until the last one is written. */
    @SuppressWarnings("ReferenceEquality") // buffers are equal if their bytes are
    void add(ByteBuf buffer) {
        ByteBuf whole = whole(buffer);
        if (count > 0 && whole == newest) {
            int last = first + count - 1 & sizes.length - 1;
            bytes -= sizes[last];
            sizes[last] = 0;
        }
        newest = whole;
        add(whole.capacity());
    }

    private static ByteBuf whole(ByteBuf buffer) {
        ByteBuf whole = buffer;
        for (ByteBuf outer = buffer.unwrap(); outer != null; outer = outer.unwrap()) {
            whole = outer;
        }
        return whole;
    }

    private void add(int size) {
        if (count == sizes.length) {
            int[] larger = Arrays.copyOf(sizes, 2 * count);
            System.arraycopy(sizes, 0, larger, count, first); // the ring's second part follows its first one
            sizes = larger;
        }
        sizes[first + count++ & sizes.length - 1] = size;
        bytes += size;
    }

    /** The oldest write has completed, or failed. */
    void removeFirst() {
        bytes -= sizes[first];
        first = first + 1 & sizes.length - 1;
        count--;
        if (counted > bytes) {
            settle();
        }
    }

    /** Counts in the share what is held now. */
    void settle() {
        long change = bytes - counted;
        if (change > 0) {
            share.take(change);
        } else if (change < 0) {
            share.giveBack(-change);
        }
        counted = bytes;
    }

    /** Whether more must not be read while something is held. */
    boolean isExhausted() {
        return count > 0 && share.isExhausted();
    }
}
