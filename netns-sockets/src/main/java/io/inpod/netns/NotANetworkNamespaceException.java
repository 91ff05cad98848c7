package io.inpod.netns;

import java.io.IOException;

/** Thrown when a path or file descriptor that was passed as a network namespace is something else; the message says what it is. */
public final class NotANetworkNamespaceException extends IOException {
    private static final long serialVersionUID = 1L;

    NotANetworkNamespaceException(String what, String found) {
        super(what + " is not a network namespace but " + found);
    }
}
