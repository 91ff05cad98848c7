package io.inpod.examples.ztunnel.proxy;

import java.io.IOException;

/** Thrown when the mesh has no way to a destination. */
final class UnroutableException extends IOException {
    private static final long serialVersionUID = 1L;

    UnroutableException(String message) {
        super(message);
    }
}
