package io.inpod.examples.nodeagent;

import java.io.IOException;

/** A command could not be carried out; the message says which step failed, why, and what state the pod is in. */
public final class AgentException extends IOException {
    private static final long serialVersionUID = 1L;

    AgentException(String message) {
        super(message);
    }

    AgentException(String message, Throwable cause) {
        super(message, cause);
    }
}
