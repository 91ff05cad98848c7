package io.inpod.netns.internal;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Buffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Memory that a socket shares with the kernel, see mmap(2). Nobody may use the buffer after {@link #close()}: the memory is gone then. */
public final class SharedRing implements AutoCloseable {
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;

    private final ByteBuffer memory;
    private final long address;
    private final int bytes;

    private SharedRing(long address, int bytes) {
        this.address = address;
        this.bytes = bytes;
        memory = Buffer.wrapMemoryAddress(address, bytes).order(ByteOrder.nativeOrder());
    }

    /** Maps the memory of a descriptor from its beginning. */
    public static SharedRing map(int fd, int bytes, Object subject) throws IOException {
        Epoll.ensureAvailability(); // loads Netty's library, which makes a buffer of an address
        long address = Native.LIBC.mmap(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0);
        if (address == -1) {
            throw Native.failure("mmap", subject);
        }
        return new SharedRing(address, bytes);
    }

    /** The memory, in this machine's byte order. */
    public ByteBuffer memory() {
        return memory;
    }

    /** Unmaps the memory; once. */
    @Override
    public void close() {
        Native.LIBC.munmap(address, bytes);
    }
}
