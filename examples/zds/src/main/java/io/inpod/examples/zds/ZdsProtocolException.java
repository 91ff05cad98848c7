package io.inpod.examples.zds;

/**
 * The agent sent a well-formed message that the protocol forbids at this point: the two don't speak the same version. Trying
 * again won't help; a proxy ends. The agent has been told why and the connection is closed.
 */
public final class ZdsProtocolException extends ZdsException {
    private static final long serialVersionUID = 1L;

    ZdsProtocolException(String message) {
        super(message, null);
    }
}
