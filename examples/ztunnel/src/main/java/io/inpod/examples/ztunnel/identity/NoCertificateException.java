package io.inpod.examples.ztunnel.identity;

import java.io.IOException;

/** There is no certificate for a pod, so it can't have tunnels. */
public final class NoCertificateException extends IOException {
    private static final long serialVersionUID = 1;

    NoCertificateException(Throwable cause) {
        super(cause.getMessage() == null ? cause.toString() : cause.getMessage(), cause);
    }
}
