package io.inpod.hbone.internal.frames;

import io.netty.handler.codec.http2.Http2Error;

/** Checks the lengths that RFC 9113 section 6 prescribes, before anything is buffered. */
final class ControlFrames {
    private static final int MAX_SETTINGS = 64;
    private static final int MAX_GOAWAY = 16_384;

    private ControlFrames() {}

    static void checkLength(int type, int length, int headerLimit) throws ConnectionError {
        switch (type) {
            case Frames.PRIORITY -> exactly(5, length, "PRIORITY");
            case Frames.RST_STREAM -> exactly(4, length, "RST_STREAM");
            case Frames.PING -> exactly(8, length, "PING");
            case Frames.WINDOW_UPDATE -> exactly(4, length, "WINDOW_UPDATE");
            case Frames.SETTINGS -> {
                if (length % 6 != 0) {
                    throw new ConnectionError(Http2Error.FRAME_SIZE_ERROR, "SETTINGS of " + length + " bytes");
                }
                if (length > 6 * MAX_SETTINGS) {
                    throw ConnectionError.calm("SETTINGS with " + length / 6 + " entries");
                }
            }
            case Frames.GOAWAY -> {
                if (length < 8 || length > MAX_GOAWAY) {
                    throw new ConnectionError(Http2Error.FRAME_SIZE_ERROR, "GOAWAY of " + length + " bytes");
                }
            }
            default -> {
                if (length > headerLimit) {
                    throw ConnectionError.calm("header block too large");
                }
            }
        }
    }

    private static void exactly(int expected, int length, String name) throws ConnectionError {
        if (length != expected) {
            throw new ConnectionError(Http2Error.FRAME_SIZE_ERROR, name + " of " + length + " bytes");
        }
    }
}
