package io.inpod.examples.nodeagent.kubernetes;

import java.io.IOException;
import java.time.Duration;

/** The API server's answer says that it didn't do what it was asked for. */
final class ApiException extends IOException {
    private static final long serialVersionUID = 1;
    static final int UNAUTHORIZED = 401;
    static final int NOT_FOUND = 404;
    static final int CONFLICT = 409;
    static final int GONE = 410;
    static final int INVALID = 422;

    private final int status;
    private final Duration retryAfter;

    /**
     * Creates an exception.
     *
     * @param status the HTTP status
     * @param message what was asked for, and the answer
     * @param retryAfter how long the server wants to be left alone; zero if it doesn't say
     */
    ApiException(int status, String message, Duration retryAfter) {
        super(message);
        this.status = status;
        this.retryAfter = retryAfter;
    }

    int status() {
        return status;
    }

    Duration retryAfter() {
        return retryAfter;
    }
}
