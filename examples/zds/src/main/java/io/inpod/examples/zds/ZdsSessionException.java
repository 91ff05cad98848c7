package io.inpod.examples.zds;

import org.jspecify.annotations.Nullable;

/**
 * The session is over: the peer has left, is not to be trusted, doesn't answer, or sent what can't be understood. The peer has
 * been told why where that was possible, and the connection is closed. A proxy connects anew; the pods that it serves stay up.
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
