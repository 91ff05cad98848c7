package io.inpod.examples.zds;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when a single request can't be served, for instance an Add whose descriptor isn't a network namespace. The session stays up:
 * answer with {@link ZdsClient#nack(String)} and continue to receive.
 */
public final class ZdsRequestException extends ZdsException {
    private static final long serialVersionUID = 1L;

    private final String uid;

    ZdsRequestException(String uid, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.uid = uid;
    }

    /** {@return the uid of the pod that the request concerns} */
    public String uid() {
        return uid;
    }
}
