package io.inpod.hbone.internal;

import io.netty.handler.codec.http2.Http2Error;

/** A peer's violation that ends one stream (RFC 9113 section 5.4.2). */
final class StreamError extends Exception {
    private static final long serialVersionUID = 1;
    final Http2Error code;

    StreamError(Http2Error code, String message) {
        super(message, null, false, false);
        this.code = code;
    }

    static StreamError protocol(String message) {
        return new StreamError(Http2Error.PROTOCOL_ERROR, message);
    }
}
