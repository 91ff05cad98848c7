package io.inpod.examples.ztunnel.proxy;

import java.io.IOException;

/** Thrown when the proxy itself doesn't permit a connection, rather than the network or the destination. */
final class ForbiddenException extends IOException {
    private static final long serialVersionUID = 1L;

    ForbiddenException(String message) {
        super(message);
    }
}
