package io.inpod.hbone;

import java.io.IOException;

/** The peer answered the CONNECT request with another status than 200. */
public final class TunnelRefusedException extends IOException {
    private static final long serialVersionUID = 1;
    /** The HTTP status. */
    private final int status;

    /**
     * Makes the exception.
     *
     * @param message what was asked of whom
     * @param status the status
     */
    public TunnelRefusedException(String message, int status) {
        super(message);
        this.status = status;
    }

    /**
     * The answer.
     *
     * @return the HTTP status, 201 to 999
     */
    public int status() {
        return status;
    }
}
