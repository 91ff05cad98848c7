package io.inpod.examples.zds;

/** A proxy refused a request. The message is what the proxy said. */
public final class ZdsNackException extends ZdsException {
    private static final long serialVersionUID = 1L;

    ZdsNackException(String message) {
        super(message, null);
    }
}
