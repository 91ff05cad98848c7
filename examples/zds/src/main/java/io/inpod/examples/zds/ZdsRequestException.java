package io.inpod.examples.zds;

import org.jspecify.annotations.Nullable;

/**
 * A single request can't be served, for instance an Add whose descriptor is no network namespace. The session stays up: answer
 * with {@link ZdsClient#nack(String)} and go on receiving.
 */
public final class ZdsRequestException extends ZdsException {
    private static final long serialVersionUID = 1L;

    private final String uid;

    ZdsRequestException(String uid, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.uid = uid;
    }

    /** {@return the pod that the request was about} */
    public String uid() {
        return uid;
    }
}
