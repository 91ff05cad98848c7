package io.inpod.hbone.internal;

import static io.inpod.hbone.internal.Frames.HEADER_LENGTH;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Error;
import org.jspecify.annotations.Nullable;

/**
 * Writes frames. Small ones gather until the flush, which is the connection's business, once per turn of the loop, so that they share a TLS
 * record; large payloads are passed on as they are, several records at a time.
 */
final class FrameWriter {
    /** Payloads up to this size are copied behind their header: cheaper than a TLS record more. */
    private static final int COPY_LIMIT = 4096;
    private static final int FIRST_ROOM = 2048;
    private static final int TLS_RECORD = 16_384;
    private static final int PREFERRED_FRAME = 8 * TLS_RECORD;

    private final ChannelHandlerContext ctx;
    private final Runnable dirty;
    private int peerMaxFrame = Frames.DEFAULT_MAX_FRAME;
    private @Nullable ByteBuf gathered;
    private boolean closed;

    FrameWriter(ChannelHandlerContext ctx, Runnable dirty) {
        this.ctx = ctx;
        this.dirty = dirty;
    }

    void peerMaxFrame(int size) {
        peerMaxFrame = size;
    }

    /** The largest DATA payload: with its header a whole number of TLS records, where the peer allows it. */
    int maxData() {
        int whole = Math.min(PREFERRED_FRAME, peerMaxFrame + HEADER_LENGTH) / TLS_RECORD * TLS_RECORD;
        return whole - HEADER_LENGTH;
    }

    /** What a client begins with. */
    void preface() {
        room(Frames.prefaceLength()).writeBytes(Frames.preface());
        written();
    }

    /** Takes ownership of the payload. */
    void data(int stream, ByteBuf payload, boolean endStream) {
        int length = payload.readableBytes();
        int flags = endStream ? Frames.END_STREAM : 0;
        if (length <= COPY_LIMIT) {
            frame(length, Frames.DATA, flags, stream).writeBytes(payload);
            payload.release();
            written();
        } else {
            Frames.writeHeader(room(HEADER_LENGTH), length, Frames.DATA, flags, stream);
            write(payload);
        }
    }

    void endStream(int stream) {
        frame(0, Frames.DATA, Frames.END_STREAM, stream);
        written();
    }

    /** A header block, in as many frames as the peer's limit demands; takes ownership. */
    void headers(int stream, ByteBuf block, boolean endStream) {
        int type = Frames.HEADERS;
        int flags = endStream ? Frames.END_STREAM : 0;
        try {
            do {
                int n = Math.min(block.readableBytes(), peerMaxFrame);
                int end = n == block.readableBytes() ? Frames.END_HEADERS : 0;
                frame(n, type, flags | end, stream).writeBytes(block, n);
                written();
                type = Frames.CONTINUATION;
                flags = 0;
            } while (block.isReadable());
        } finally {
            block.release();
        }
    }

    void settings(int... idsAndValues) {
        ByteBuf frame = frame(idsAndValues.length * 3, Frames.SETTINGS, 0, 0);
        for (int i = 0; i < idsAndValues.length; i += 2) {
            frame.writeShort(idsAndValues[i]).writeInt(idsAndValues[i + 1]);
        }
        written();
    }

    void settingsAck() {
        frame(0, Frames.SETTINGS, Frames.ACK, 0);
        written();
    }

    void pingAck(long payload) {
        frame(8, Frames.PING, Frames.ACK, 0).writeLong(payload);
        written();
    }

    void ping(long payload) {
        frame(8, Frames.PING, 0, 0).writeLong(payload);
        written();
    }

    void windowUpdate(int stream, int increment) {
        frame(4, Frames.WINDOW_UPDATE, 0, stream).writeInt(increment);
        written();
    }

    void reset(int stream, Http2Error code) {
        frame(4, Frames.RST_STREAM, 0, stream).writeInt((int) code.code());
        written();
    }

    void goAway(int lastStream, Http2Error code, String debug) {
        ByteBuf frame = frame(8 + debug.length(), Frames.GOAWAY, 0, 0).writeInt(lastStream).writeInt((int) code.code());
        ByteBufUtil.writeAscii(frame, debug);
        written();
    }

    private void write(ByteBuf bytes) {
        passOn();
        ctx.write(bytes, ctx.voidPromise());
        dirty.run();
    }

    void flush() {
        passOn();
        ctx.flush();
    }

    /** The connection is gone: nothing gathers any more, and what is written is thrown away by the channel. */
    void close() {
        closed = true;
        passOn();
    }

    /** The channel is gone, too, perhaps without having said so. */
    void discard() {
        closed = true;
        if (gathered != null) {
            gathered.release();
            gathered = null;
        }
    }

    private ByteBuf frame(int length, int type, int flags, int stream) {
        return Frames.writeHeader(room(HEADER_LENGTH + length), length, type, flags, stream);
    }

    private void written() {
        if (closed) {
            passOn();
        }
        dirty.run();
    }

    private ByteBuf room(int bytes) {
        if (gathered != null && gathered.readableBytes() + bytes > TLS_RECORD) {
            passOn();
        }
        if (gathered == null) {
            gathered = ctx.alloc().directBuffer(Math.max(FIRST_ROOM, bytes));
        }
        return gathered;
    }

    private void passOn() {
        ByteBuf frames = gathered;
        if (frames != null) {
            gathered = null;
            ctx.write(frames, ctx.voidPromise());
        }
    }
}
