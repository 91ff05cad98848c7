package io.inpod.hbone;

import java.io.IOException;

/** The peer answered the CONNECT request with a status other than 200. */
public final class TunnelRefusedException extends IOException {
    private static final long serialVersionUID = 1;
    /** The HTTP status. */
    private final int status;

    /**
     * Creates the exception.
     *
     * @param message the request, the peer and the status
     * @param status the HTTP status
     */
    public TunnelRefusedException(String message, int status) {
        super(message);
        this.status = status;
    }

    /**
     * Returns the HTTP status.
     *
     * @return the status, 201 to 999
     */
    public int status() {
        return status;
    }
}
