package io.inpod.hbone.internal.connection;

import io.inpod.hbone.HboneMemory;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;

/** The sizes of a connection's reads: up to 128 KiB, but small ones while its account is exhausted. Up to four reads per turn. */
final class BoundedReads implements RecvByteBufAllocator {
    private static final int LEAST = 16 << 10; // about a TLS record; less would only mean more reads

    private final AdaptiveRecvByteBufAllocator usual = new AdaptiveRecvByteBufAllocator(1024, LEAST, 128 << 10);
    private final HboneMemory.Account account;

    BoundedReads(HboneMemory.Account account) {
        this.account = account;
        usual.maxMessagesPerRead(4);
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
            return guess > LEAST && account.isExhausted() ? LEAST : guess;
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
            return usualHandle.continueReading(maybeMoreData);
        }
    }
}
