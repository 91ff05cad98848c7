package io.inpod.hbone.internal.frames;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;

/** Constants of RFC 9113: frame types, flags, defaults, and the preface. */
public final class Frames {
    static final int DATA = 0;
    static final int HEADERS = 1;
    /** The type of PRIORITY frames. */
    public static final int PRIORITY = 2;
    /** The type of RST_STREAM frames. */
    public static final int RST_STREAM = 3;
    /** The type of SETTINGS frames. */
    public static final int SETTINGS = 4;
    static final int PUSH_PROMISE = 5;
    /** The type of PING frames. */
    public static final int PING = 6;
    /** The type of GOAWAY frames. */
    public static final int GOAWAY = 7;
    static final int WINDOW_UPDATE = 8;
    static final int CONTINUATION = 9;

    static final int END_STREAM = 0x1;
    /** The flag of acknowledgements. */
    public static final int ACK = 0x1;
    static final int END_HEADERS = 0x4;
    static final int PADDED = 0x8;
    static final int PRIORITY_FLAG = 0x20;

    static final int HEADER_LENGTH = 9;
    /** The window of a connection and of a stream before any setting. */
    public static final int DEFAULT_WINDOW = 65_535;
    /** The frame size that every peer accepts. */
    public static final int DEFAULT_MAX_FRAME = 16_384;

    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private Frames() {}

    static ByteBuf preface() {
        return Unpooled.copiedBuffer(PREFACE);
    }

    static int prefaceLength() {
        return PREFACE.length;
    }

    static byte prefaceByte(int index) {
        return PREFACE[index];
    }

    static ByteBuf writeHeader(ByteBuf out, int length, int type, int flags, int stream) {
        return out.writeMedium(length).writeByte(type).writeByte(flags).writeInt(stream);
    }
}
