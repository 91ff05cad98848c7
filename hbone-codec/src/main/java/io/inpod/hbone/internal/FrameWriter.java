package io.inpod.hbone.internal;

import static io.inpod.hbone.internal.Frames.HEADER_LENGTH;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Error;

/** Writes frames; flushing is the connection's business, once per turn of the loop. */
final class FrameWriter {
    /** Payloads up to this size are copied behind their header rather than written apart. */
    private static final int COPY_LIMIT = 1024;
    private static final int TLS_RECORD = 16_384;
    private static final int PREFERRED_FRAME = 8 * TLS_RECORD;

    private final ChannelHandlerContext ctx;
    private final Runnable dirty;
    private int peerMaxFrame = Frames.DEFAULT_MAX_FRAME;

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

    /** Takes ownership of the payload. */
    void data(int stream, ByteBuf payload, boolean endStream) {
        int length = payload.readableBytes();
        int flags = endStream ? Frames.END_STREAM : 0;
        if (length <= COPY_LIMIT) {
            ByteBuf frame = header(length, Frames.DATA, flags, stream).writeBytes(payload);
            payload.release();
            write(frame);
        } else {
            write(header(length, Frames.DATA, flags, stream, 0));
            write(payload);
        }
    }

    void endStream(int stream) {
        write(header(0, Frames.DATA, Frames.END_STREAM, stream));
    }

    /** A header block, in as many frames as the peer's limit demands; takes ownership. */
    void headers(int stream, ByteBuf block, boolean endStream) {
        int type = Frames.HEADERS;
        int flags = endStream ? Frames.END_STREAM : 0;
        try {
            do {
                int n = Math.min(block.readableBytes(), peerMaxFrame);
                int end = n == block.readableBytes() ? Frames.END_HEADERS : 0;
                write(header(n, type, flags | end, stream).writeBytes(block, n));
                type = Frames.CONTINUATION;
                flags = 0;
            } while (block.isReadable());
        } finally {
            block.release();
        }
    }

    void settings(int... idsAndValues) {
        ByteBuf frame = header(idsAndValues.length * 3, Frames.SETTINGS, 0, 0);
        for (int i = 0; i < idsAndValues.length; i += 2) {
            frame.writeShort(idsAndValues[i]).writeInt(idsAndValues[i + 1]);
        }
        write(frame);
    }

    void settingsAck() {
        write(header(0, Frames.SETTINGS, Frames.ACK, 0));
    }

    void pingAck(long payload) {
        write(header(8, Frames.PING, Frames.ACK, 0).writeLong(payload));
    }

    void ping(long payload) {
        write(header(8, Frames.PING, 0, 0).writeLong(payload));
    }

    void windowUpdate(int stream, int increment) {
        write(header(4, Frames.WINDOW_UPDATE, 0, stream).writeInt(increment));
    }

    void reset(int stream, Http2Error code) {
        write(header(4, Frames.RST_STREAM, 0, stream).writeInt((int) code.code()));
    }

    void goAway(int lastStream, Http2Error code, String debug) {
        int length = 8 + debug.length();
        ByteBuf frame = header(length, Frames.GOAWAY, 0, 0).writeInt(lastStream).writeInt((int) code.code());
        ByteBufUtil.writeAscii(frame, debug);
        write(frame);
    }

    void write(ByteBuf frame) {
        ctx.write(frame, ctx.voidPromise());
        dirty.run();
    }

    private ByteBuf header(int length, int type, int flags, int stream) {
        return header(length, type, flags, stream, length);
    }

    private ByteBuf header(int length, int type, int flags, int stream, int room) {
        return Frames.writeHeader(ctx.alloc().directBuffer(HEADER_LENGTH + room), length, type, flags, stream);
    }
}
