package io.inpod.hbone.internal;

import io.netty.handler.codec.http2.Http2Error;

/** A peer's violation that ends the whole connection (RFC 9113 section 5.4.1). */
final class ConnectionError extends Exception {
    private static final long serialVersionUID = 1;
    final Http2Error code;

    ConnectionError(Http2Error code, String message) {
        super(message, null, false, false);
        this.code = code;
    }

    static ConnectionError protocol(String message) {
        return new ConnectionError(Http2Error.PROTOCOL_ERROR, message);
    }

    static ConnectionError calm(String message) {
        return new ConnectionError(Http2Error.ENHANCE_YOUR_CALM, message);
    }
}
