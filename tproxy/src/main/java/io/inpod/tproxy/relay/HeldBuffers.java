package io.inpod.tproxy.relay;

import io.inpod.tproxy.share.Share;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The buffers that wait to be written to one channel, in order, and their part in a {@link Share}. What is written at once, as nearly
 * everything is, never reaches the share: it is only {@linkplain #settle settled} after each flush. On the event loop only.
 */
final class HeldBuffers {
    private static final int FIRST = 8;

    private final Share share;
    /** A ring of the buffers' sizes in memory; its length is a power of two. */
    private int[] sizes = new int[FIRST];
    private int first;
    private int count;
    private long bytes;
    private long counted;

    private HeldBuffers(Share share) {
        this.share = share;
    }

    static @Nullable HeldBuffers of(@Nullable Share share) {
        return share == null ? null : new HeldBuffers(share);
    }

    /** A buffer of that size is written, and its write will complete. */
    void add(int size) {
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
