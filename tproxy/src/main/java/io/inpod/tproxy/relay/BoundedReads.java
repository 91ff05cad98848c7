package io.inpod.tproxy.relay;

import io.inpod.tproxy.share.Share;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Sizes a channel's read buffers as usual, but within the room in a {@link Share}. If there is none, they are small, so that reading goes
 * on. The share may be set after the first read: Netty asks a channel's allocator for a handle once, and ignores later allocators. On the
 * event loop only.
 */
final class BoundedReads implements RecvByteBufAllocator {
    private static final int LEAST = 4096;
    private static final int LEAST_GUESS = 1024;
    private static final int FIRST_GUESS = 16 * 1024;
    private static final int COMMON_MOST = 256 * 1024;
    private static final AdaptiveRecvByteBufAllocator COMMON = usual(COMMON_MOST);

    private final int most;
    private final AdaptiveRecvByteBufAllocator usual;
    private @Nullable Share share;

    /** Reads of up to {@code most} bytes, without a bound for now. */
    BoundedReads(int most) {
        this.most = most;
        this.usual = most == COMMON_MOST ? COMMON : usual(most);
    }

    private static AdaptiveRecvByteBufAllocator usual(int most) {
        return new AdaptiveRecvByteBufAllocator(LEAST_GUESS, Math.min(FIRST_GUESS, most), most);
    }

    int most() {
        return most;
    }

    /** Sets or removes the bound. */
    void bound(@Nullable Share bytes) {
        share = bytes;
    }

    @Override
    @SuppressWarnings("deprecation") // the interface's method
    public Handle newHandle() {
        return new Bounded((ExtendedHandle) usual.newHandle());
    }

    private final class Bounded extends DelegatingHandle implements ExtendedHandle {
        private final ExtendedHandle usual;

        Bounded(ExtendedHandle usual) {
            super(usual);
            this.usual = usual;
        }

        @Override
        public ByteBuf allocate(ByteBufAllocator allocator) {
            return allocator.ioBuffer(guess());
        }

        @Override
        public int guess() {
            int guess = usual.guess();
            return guess <= LEAST || share == null ? guess : (int) Math.max(LEAST, Math.min(guess, share.room()));
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
            return usual.continueReading(maybeMoreData);
        }
    }
}
