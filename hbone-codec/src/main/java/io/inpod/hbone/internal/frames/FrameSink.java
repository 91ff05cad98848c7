package io.inpod.hbone.internal.frames;

import io.netty.buffer.ByteBuf;

/** Receives the frames that {@link FrameReader} reads. Buffers belong to the reader unless a method says otherwise. */
public interface FrameSink {
    /** A DATA frame begins. Its whole length, padding included, counts against flow control. */
    void dataStart(int stream, int flowLength, boolean endStream) throws ConnectionError;

    /** Some bytes of the DATA frame; the sink takes ownership. */
    void dataPart(ByteBuf part);

    /** Some padding of the DATA frame. */
    void dataPadding(int bytes);

    /** The DATA frame is complete. */
    void dataEnd(boolean endStream);

    /** A complete header block. */
    void headers(int stream, ByteBuf block, boolean endStream) throws ConnectionError;

    /** A frame of an unknown type begins. */
    void ignored() throws ConnectionError;

    /** Any other frame of a known type, with its whole payload. */
    void control(int type, int flags, int stream, ByteBuf payload) throws ConnectionError;
}
