package io.inpod.examples.nodeagent;

import java.io.IOException;

/** Thrown when a command can't be carried out. The message says which step failed, why, and in which state the pod is. */
public final class AgentException extends IOException {
    private static final long serialVersionUID = 1L;

    AgentException(String message) {
        super(message);
    }

    AgentException(String message, Throwable cause) {
        super(message, cause);
    }
}
