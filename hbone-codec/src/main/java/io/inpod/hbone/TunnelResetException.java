package io.inpod.hbone;

import java.net.SocketException;

/**
 * The tunnel was cut: the peer reset the stream, or the connection that carried it was lost. Bytes may be missing. It has no stack trace,
 * which would say nothing about the cause and is most of what an exception costs: a peer may cut thousands of tunnels at once.
 */
public final class TunnelResetException extends SocketException {
    private static final long serialVersionUID = 1;
    /** The HTTP/2 error code, or -1. */
    private final long errorCode;

    /**
     * Creates the exception.
     *
     * @param message what happened
     * @param errorCode the peer's HTTP/2 error code (RFC 9113 section 7), or -1 if the connection was lost
     */
    public TunnelResetException(String message, long errorCode) {
        super(message);
        this.errorCode = errorCode;
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }

    /**
     * Returns the HTTP/2 error code.
     *
     * @return 0 to 2^32-1, or -1 if the connection was lost
     */
    public long errorCode() {
        return errorCode;
    }
}
