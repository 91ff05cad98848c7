package io.inpod.examples.nodeagent.enrol;

import java.io.IOException;

/** Thrown when a pod is served, but not yet as it should be. */
final class StillServedException extends IOException {
    private static final long serialVersionUID = 1L;

    StillServedException(String message, Throwable cause) {
        super(message, cause);
    }
}
