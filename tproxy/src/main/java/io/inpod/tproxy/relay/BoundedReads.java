package io.inpod.tproxy.relay;

import io.inpod.tproxy.share.Share;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;

/** Sizes read buffers as usual, but within the room in a {@link Share}. If there is none, they are small, so that reading goes on. */
final class BoundedReads implements RecvByteBufAllocator {
    private static final int LEAST = 4096;

    private final AdaptiveRecvByteBufAllocator usual;
    private final Share share;

    BoundedReads(AdaptiveRecvByteBufAllocator usual, Share share) {
        this.usual = usual;
        this.share = share;
    }

    @Override
    @SuppressWarnings("deprecation") // the interface's method
    public Handle newHandle() {
        return new Bounded((ExtendedHandle) usual.newHandle());
    }

    private final class Bounded extends DelegatingHandle implements ExtendedHandle {
        private final ExtendedHandle usualHandle;

        Bounded(ExtendedHandle usualHandle) {
            super(usualHandle);
            this.usualHandle = usualHandle;
        }

        @Override
        public ByteBuf allocate(ByteBufAllocator allocator) {
            return allocator.ioBuffer(guess());
        }

        @Override
        public int guess() {
            int guess = usualHandle.guess();
            return guess <= LEAST ? guess : (int) Math.max(LEAST, Math.min(guess, share.room()));
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
            return usualHandle.continueReading(maybeMoreData);
        }
    }
}
