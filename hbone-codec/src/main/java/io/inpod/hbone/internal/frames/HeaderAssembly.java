package io.inpod.hbone.internal.frames;

import static io.inpod.hbone.internal.frames.Frames.CONTINUATION;
import static io.inpod.hbone.internal.frames.Frames.END_HEADERS;
import static io.inpod.hbone.internal.frames.Frames.END_STREAM;
import static io.inpod.hbone.internal.frames.Frames.PADDED;
import static io.inpod.hbone.internal.frames.Frames.PRIORITY_FLAG;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/** Assembles header blocks from HEADERS and CONTINUATION (RFC 9113 section 6.10), with a bound on bytes and on frames. */
final class HeaderAssembly {
    private static final int MAX_CONTINUATIONS = 32;

    private final FrameSink sink;
    private final ByteBufAllocator allocator;
    private final int limit;
    private @Nullable ByteBuf block;
    private int stream;
    private boolean endStream;
    private int continuations;

    HeaderAssembly(FrameSink sink, ByteBufAllocator allocator, int limit) {
        this.sink = sink;
        this.allocator = allocator;
        this.limit = limit;
    }

    int limit() {
        return limit;
    }

    /** The bytes of memory in which the beginning of a block is kept. */
    int held() {
        return block == null ? 0 : block.capacity();
    }

    /** Checks that nothing interrupts a header block or makes it too large, and that CONTINUATION appears nowhere else. */
    void check(int type, int frameStream, int length) throws ConnectionError {
        if (block == null ? type == CONTINUATION : type != CONTINUATION || frameStream != stream) {
            throw ConnectionError.protocol(block == null ? "CONTINUATION without HEADERS" : "a header block was interrupted");
        }
        if (block != null && (++continuations > MAX_CONTINUATIONS || block.readableBytes() + length > limit)) {
            throw ConnectionError.calm("header block too large");
        }
    }

    void headers(int frameStream, int flags, ByteBuf payload) throws ConnectionError {
        if (frameStream == 0) {
            throw ConnectionError.protocol("HEADERS on stream 0");
        }
        int needed = ((flags & PADDED) != 0 ? 1 : 0) + ((flags & PRIORITY_FLAG) != 0 ? 5 : 0);
        if (payload.readableBytes() < needed) {
            throw ConnectionError.protocol("HEADERS too short");
        }
        int pad = (flags & PADDED) != 0 ? payload.readUnsignedByte() : 0;
        if ((flags & PRIORITY_FLAG) != 0) {
            payload.skipBytes(5);
        }
        if (pad > payload.readableBytes()) {
            throw ConnectionError.protocol("padding exceeds the HEADERS frame");
        }
        payload.writerIndex(payload.writerIndex() - pad);
        boolean end = (flags & END_STREAM) != 0;
        if ((flags & END_HEADERS) != 0) {
            sink.headers(frameStream, payload, end);
            return;
        }
        stream = frameStream;
        endStream = end;
        continuations = 0;
        block = allocator.buffer(payload.readableBytes()).writeBytes(payload);
    }

    void continuation(int flags, ByteBuf payload) throws ConnectionError {
        ByteBuf whole = block;
        if (whole == null) {
            throw ConnectionError.protocol("CONTINUATION without HEADERS");
        }
        if (whole.writableBytes() < payload.readableBytes()) {
            whole.capacity(whole.readableBytes() + payload.readableBytes()); // no more than counts
        }
        whole.writeBytes(payload);
        if ((flags & END_HEADERS) != 0) {
            block = null;
            try {
                sink.headers(stream, whole, endStream);
            } finally {
                whole.release();
            }
        }
    }

    void release() {
        if (block != null) {
            block.release();
            block = null;
        }
    }
}
