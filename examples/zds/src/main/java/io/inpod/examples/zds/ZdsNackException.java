package io.inpod.examples.zds;

/** Thrown when a proxy refuses a request. The message contains the proxy's reason. */
public final class ZdsNackException extends ZdsException {
    private static final long serialVersionUID = 1L;

    ZdsNackException(String message) {
        super(message, null);
    }
}
