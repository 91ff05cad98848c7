package io.inpod.examples.nodeagent.enrol;

import java.io.IOException;

/** Thrown when no proxy is connected. */
final class NoProxyException extends IOException {
    private static final long serialVersionUID = 1L;

    NoProxyException(String message, IOException cause) {
        super(message, cause);
    }
}
