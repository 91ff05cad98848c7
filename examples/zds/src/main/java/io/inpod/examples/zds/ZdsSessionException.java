package io.inpod.examples.zds;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when a session is over: the peer has closed it, isn't trusted, doesn't answer, or sent a message that can't be decoded. The reason
 * has been sent to the peer if that was possible, and the connection is closed. A proxy reconnects; the pods that it serves stay up.
 */
public final class ZdsSessionException extends ZdsException {
    private static final long serialVersionUID = 1L;

    ZdsSessionException(String message) {
        super(message, null);
    }

    ZdsSessionException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
