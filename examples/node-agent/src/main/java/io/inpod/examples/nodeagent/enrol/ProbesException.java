package io.inpod.examples.nodeagent.enrol;

import java.io.IOException;

/** Thrown when a pod is served, but the node's probes of it would go through the proxy. */
final class ProbesException extends IOException {
    private static final long serialVersionUID = 1L;

    ProbesException(String message, IOException cause) {
        super(message, cause);
    }
}
