package io.inpod.hbone.internal.frames;

import static io.inpod.hbone.internal.frames.Frames.HEADER_LENGTH;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Error;
import org.jspecify.annotations.Nullable;

/**
 * Writes frames. Small frames are gathered until the connection flushes, once per turn of the event loop, so that they share a TLS record.
 * Large payloads are passed on without a copy, several records at a time.
 */
public final class FrameWriter {
    /** Payloads up to this size are copied behind their header, which costs less than another TLS record. */
    private static final int COPY_LIMIT = 4096;
    private static final int FIRST_ROOM = 2048;
    private static final int TLS_RECORD = 16_384;
    private static final int PREFERRED_FRAME = 8 * TLS_RECORD;

    private final ChannelHandlerContext ctx;
    private final Runnable dirty;
    private int peerMaxFrame = Frames.DEFAULT_MAX_FRAME;
    private @Nullable ByteBuf gathered;
    private boolean closed;

    /** A writer of one connection; {@code dirty} runs whenever something must be flushed. */
    public FrameWriter(ChannelHandlerContext ctx, Runnable dirty) {
        this.ctx = ctx;
        this.dirty = dirty;
    }

    /** The peer's SETTINGS_MAX_FRAME_SIZE. */
    public void peerMaxFrame(int size) {
        peerMaxFrame = size;
    }

    /** The largest DATA payload that we send: with its header it fills whole TLS records, if the peer allows that. */
    public int maxData() {
        int whole = Math.min(PREFERRED_FRAME, peerMaxFrame + HEADER_LENGTH) / TLS_RECORD * TLS_RECORD;
        return whole - HEADER_LENGTH;
    }

    /** The client connection preface (RFC 9113 section 3.4). */
    public void preface() {
        room(Frames.prefaceLength()).writeBytes(Frames.preface());
        written();
    }

    /** DATA; takes ownership of the payload. */
    public void data(int stream, ByteBuf payload, boolean endStream) {
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

    /** An empty DATA frame with END_STREAM. */
    public void endStream(int stream) {
        frame(0, Frames.DATA, Frames.END_STREAM, stream);
        written();
    }

    /** HEADERS, and CONTINUATION as the peer's limit demands; takes ownership of the block. */
    public void headers(int stream, ByteBuf block, boolean endStream) {
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

    /** SETTINGS: identifiers and values in turn. */
    public void settings(int... idsAndValues) {
        ByteBuf frame = frame(idsAndValues.length * 3, Frames.SETTINGS, 0, 0);
        for (int i = 0; i < idsAndValues.length; i += 2) {
            frame.writeShort(idsAndValues[i]).writeInt(idsAndValues[i + 1]);
        }
        written();
    }

    /** The acknowledgement of SETTINGS. */
    public void settingsAck() {
        frame(0, Frames.SETTINGS, Frames.ACK, 0);
        written();
    }

    /** The answer to a PING. */
    public void pingAck(long payload) {
        frame(8, Frames.PING, Frames.ACK, 0).writeLong(payload);
        written();
    }

    /** PING. */
    public void ping(long payload) {
        frame(8, Frames.PING, 0, 0).writeLong(payload);
        written();
    }

    /** WINDOW_UPDATE. */
    public void windowUpdate(int stream, int increment) {
        frame(4, Frames.WINDOW_UPDATE, 0, stream).writeInt(increment);
        written();
    }

    /** RST_STREAM. */
    public void reset(int stream, Http2Error code) {
        frame(4, Frames.RST_STREAM, 0, stream).writeInt((int) code.code());
        written();
    }

    /** GOAWAY, with an explanation in ASCII. */
    public void goAway(int lastStream, Http2Error code, String debug) {
        ByteBuf frame = frame(8 + debug.length(), Frames.GOAWAY, 0, 0).writeInt(lastStream).writeInt((int) code.code());
        ByteBufUtil.writeAscii(frame, debug);
        written();
    }

    private void write(ByteBuf bytes) {
        passOn();
        send(bytes);
        dirty.run();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // a void promise hands failures to exceptionCaught, which ends the connection
    private void send(ByteBuf bytes) {
        ctx.write(bytes, ctx.voidPromise());
    }

    /** Passes on the gathered frames, and flushes. */
    public void flush() {
        passOn();
        ctx.flush();
    }

    /** The connection is gone: nothing is gathered any longer, and the channel drops all writes. */
    public void close() {
        closed = true;
        passOn();
    }

    /** The handler was removed, possibly without an event for the channel's end. */
    public void discard() {
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
            send(frames);
        }
    }
}
