package io.inpod.hbone.internal.frames;

import io.netty.handler.codec.http2.Http2Error;

/** A violation by the peer that ends the whole connection (RFC 9113 section 5.4.1). */
public final class ConnectionError extends Exception {
    private static final long serialVersionUID = 1;
    private final Http2Error code;

    /** The error, without a stack trace. */
    public ConnectionError(Http2Error code, String message) {
        super(message, null, false, false);
        this.code = code;
    }

    /** The error code for GOAWAY. */
    public Http2Error code() {
        return code;
    }

    /** PROTOCOL_ERROR. */
    public static ConnectionError protocol(String message) {
        return new ConnectionError(Http2Error.PROTOCOL_ERROR, message);
    }

    /** ENHANCE_YOUR_CALM. */
    public static ConnectionError calm(String message) {
        return new ConnectionError(Http2Error.ENHANCE_YOUR_CALM, message);
    }
}
