package io.inpod.examples.nodeagent.enrol;

import java.io.IOException;

/** Thrown when a pod's network namespace isn't known, or can't be used. */
final class WaitingException extends IOException {
    private static final long serialVersionUID = 1L;

    private final boolean gone;

    /** Creates an exception; {@code gone} if the pod's namespace has been deleted. */
    WaitingException(String message, boolean gone) {
        super(message);
        this.gone = gone;
    }

    boolean isGone() {
        return gone;
    }
}
