package io.inpod.hbone.internal.headers;

import io.netty.handler.codec.http2.Http2Error;

/** A violation by the peer that ends one stream (RFC 9113 section 5.4.2). */
public final class StreamError extends Exception {
    private static final long serialVersionUID = 1;
    private final Http2Error code;

    /** The error, without a stack trace. */
    public StreamError(Http2Error code, String message) {
        super(message, null, false, false);
        this.code = code;
    }

    /** The error code for RST_STREAM. */
    public Http2Error code() {
        return code;
    }

    /** PROTOCOL_ERROR. */
    public static StreamError protocol(String message) {
        return new StreamError(Http2Error.PROTOCOL_ERROR, message);
    }
}
