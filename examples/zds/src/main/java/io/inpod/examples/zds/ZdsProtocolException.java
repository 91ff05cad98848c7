package io.inpod.examples.zds;

/**
 * Thrown when the agent sends a well-formed message that the protocol forbids at this point: agent and proxy speak different versions of
 * it. Retrying doesn't help; a proxy ends. The reason has been sent to the agent, and the connection is closed.
 */
public final class ZdsProtocolException extends ZdsException {
    private static final long serialVersionUID = 1L;

    ZdsProtocolException(String message) {
        super(message, null);
    }
}
