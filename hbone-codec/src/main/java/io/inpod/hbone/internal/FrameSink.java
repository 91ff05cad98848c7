package io.inpod.hbone.internal;

import io.netty.buffer.ByteBuf;

/** What {@link FrameReader} found. Buffers belong to the reader unless said otherwise. */
interface FrameSink {
    /** A DATA frame begins: its whole length counts against flow control, padding included. */
    void dataStart(int stream, int flowLength, boolean endStream) throws ConnectionError;

    /** Some of its bytes; the sink takes ownership. */
    void dataPart(ByteBuf part);

    /** Padding, which nobody will read. */
    void dataPadding(int bytes);

    /** The DATA frame is complete. */
    void dataEnd(boolean endStream);

    /** A complete header block. */
    void headers(int stream, ByteBuf block, boolean endStream) throws ConnectionError;

    /** A frame of a type that we don't know begins. */
    void ignored() throws ConnectionError;

    /** Any other frame of a known type, with its whole payload. */
    void control(int type, int flags, int stream, ByteBuf payload) throws ConnectionError;
}
