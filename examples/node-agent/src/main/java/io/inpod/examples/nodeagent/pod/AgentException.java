package io.inpod.examples.nodeagent.pod;

import java.io.IOException;

/** Thrown when a command can't be carried out. The message says which step failed, why, and in which state the pod is. */
public final class AgentException extends IOException {
    private static final long serialVersionUID = 1L;

    public AgentException(String message) {
        super(message);
    }

    public AgentException(String message, Throwable cause) {
        super(message, cause);
    }
}
