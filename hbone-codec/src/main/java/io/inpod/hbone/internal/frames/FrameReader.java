package io.inpod.hbone.internal.frames;

import static io.inpod.hbone.internal.frames.Frames.CONTINUATION;
import static io.inpod.hbone.internal.frames.Frames.DATA;
import static io.inpod.hbone.internal.frames.Frames.END_STREAM;
import static io.inpod.hbone.internal.frames.Frames.HEADER_LENGTH;
import static io.inpod.hbone.internal.frames.Frames.PADDED;
import static io.inpod.hbone.internal.frames.Frames.PUSH_PROMISE;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http2.Http2Error;
import org.jspecify.annotations.Nullable;

/**
 * Splits the decrypted bytes into frames. DATA is passed on in slices as it arrives, however large the frame is; only other frames, which
 * are small, are assembled.
 */
public final class FrameReader {
    private enum State { PREFACE, HEADER, PAD_LENGTH, DATA_BODY, DATA_PADDING, PAYLOAD, SKIP }

    private final FrameSink sink;
    private final ByteBufAllocator allocator;
    private final int maxFrame;
    private final HeaderAssembly assembly;
    private State state;
    private int matched;
    private final byte[] header = new byte[HEADER_LENGTH];
    private int headerBytes;
    private int length;
    private int type;
    private int flags;
    private int stream;
    private int remaining;
    private int padding;
    private @Nullable ByteBuf partial;
    private long completed;

    /** A reader of one connection. */
    public FrameReader(FrameSink sink, ByteBufAllocator allocator, boolean expectPreface, int maxFrame, int maxHeaderBlock) {
        this.sink = sink;
        this.allocator = allocator;
        this.maxFrame = maxFrame;
        this.assembly = new HeaderAssembly(sink, allocator, maxHeaderBlock);
        this.state = expectPreface ? State.PREFACE : State.HEADER;
    }

    /** Reads all bytes of the buffer; doesn't release it. */
    public void read(ByteBuf in) throws ConnectionError {
        while (in.isReadable()) {
            switch (state) {
                case PREFACE -> preface(in);
                case HEADER -> header(in);
                case PAD_LENGTH -> padLength(in.readUnsignedByte());
                case DATA_BODY -> {
                    int n = Math.min(remaining, in.readableBytes());
                    remaining -= n;
                    sink.dataPart(in.readRetainedSlice(n));
                    bodyRead();
                }
                case DATA_PADDING -> {
                    int n = Math.min(padding, in.readableBytes());
                    in.skipBytes(n);
                    padding -= n;
                    sink.dataPadding(n);
                    bodyRead();
                }
                case PAYLOAD -> payload(in);
                case SKIP -> {
                    int n = Math.min(remaining, in.readableBytes());
                    in.skipBytes(n);
                    remaining -= n;
                    if (remaining == 0) {
                        state = State.HEADER;
                    }
                }
            }
        }
    }

    /** The bytes of memory in which the beginning of an incomplete frame or header block is kept. */
    public int held() {
        return (partial == null ? 0 : partial.capacity()) + assembly.held();
    }

    /** How many frames that may be kept, or whole header blocks, have been read. */
    public long completed() {
        return completed;
    }

    /** Releases the buffered part of an incomplete frame. */
    public void release() {
        if (partial != null) {
            partial.release();
            partial = null;
        }
        assembly.release();
    }

    private void preface(ByteBuf in) throws ConnectionError {
        while (in.isReadable()) {
            if (in.readByte() != Frames.prefaceByte(matched++)) {
                throw ConnectionError.protocol("no HTTP/2 connection preface");
            }
            if (matched == Frames.prefaceLength()) {
                state = State.HEADER;
                return;
            }
        }
    }

    private void header(ByteBuf in) throws ConnectionError {
        int n = Math.min(HEADER_LENGTH - headerBytes, in.readableBytes());
        in.readBytes(header, headerBytes, n);
        headerBytes += n;
        if (headerBytes < HEADER_LENGTH) {
            return;
        }
        headerBytes = 0;
        length = (header[0] & 0xff) << 16 | (header[1] & 0xff) << 8 | header[2] & 0xff;
        type = header[3] & 0xff;
        flags = header[4] & 0xff;
        stream = (header[5] & 0x7f) << 24 | (header[6] & 0xff) << 16 | (header[7] & 0xff) << 8 | header[8] & 0xff;
        if (length > maxFrame) {
            throw new ConnectionError(Http2Error.FRAME_SIZE_ERROR, "frame of " + length + " bytes, at most " + maxFrame + " are allowed");
        }
        assembly.check(type, stream, length);
        if (type == DATA) {
            startData();
        } else if (type > CONTINUATION) {
            sink.ignored();
            remaining = length;
            state = length == 0 ? State.HEADER : State.SKIP;
        } else if (type == PUSH_PROMISE) {
            throw ConnectionError.protocol("PUSH_PROMISE");
        } else {
            ControlFrames.checkLength(type, length, assembly.limit());
            state = State.PAYLOAD;
            if (length == 0) {
                payload(in);
            }
        }
    }

    private void startData() throws ConnectionError {
        if (stream == 0) {
            throw ConnectionError.protocol("DATA on stream 0");
        }
        sink.dataStart(stream, length, (flags & END_STREAM) != 0);
        padding = 0;
        remaining = length;
        if ((flags & PADDED) == 0) {
            bodyRead();
        } else if (length == 0) {
            throw new ConnectionError(Http2Error.FRAME_SIZE_ERROR, "padded DATA without pad length");
        } else {
            state = State.PAD_LENGTH;
        }
    }

    private void padLength(int pad) throws ConnectionError {
        if (pad >= length) {
            throw ConnectionError.protocol("padding exceeds the DATA frame");
        }
        sink.dataPadding(1);
        padding = pad;
        remaining = length - 1 - pad;
        bodyRead();
    }

    private void bodyRead() {
        if (remaining > 0) {
            state = State.DATA_BODY;
        } else if (padding > 0) {
            state = State.DATA_PADDING;
        } else {
            state = State.HEADER;
            sink.dataEnd((flags & END_STREAM) != 0);
        }
    }

    private void payload(ByteBuf in) throws ConnectionError {
        if (partial == null && in.readableBytes() >= length) {
            int end = in.readerIndex() + length;
            state = State.HEADER;
            dispatch(in.slice(in.readerIndex(), length));
            in.readerIndex(end);
            return;
        }
        if (partial == null) {
            partial = allocator.buffer(length);
        }
        partial.writeBytes(in, Math.min(length - partial.readableBytes(), in.readableBytes()));
        if (partial.readableBytes() == length) {
            ByteBuf whole = partial;
            partial = null;
            state = State.HEADER;
            try {
                dispatch(whole);
            } finally {
                whole.release();
            }
        }
    }

    private void dispatch(ByteBuf payload) throws ConnectionError {
        if (type == Frames.HEADERS) {
            assembly.headers(stream, flags, payload);
        } else if (type == CONTINUATION) {
            assembly.continuation(flags, payload);
        } else {
            sink.control(type, flags, stream, payload);
        }
        completed += assembly.held() == 0 ? 1 : 0;
    }
}
