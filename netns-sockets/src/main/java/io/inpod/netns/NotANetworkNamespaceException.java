package io.inpod.netns;

import java.io.IOException;

/** A path or file descriptor that was given as a network namespace is something else; the message says what it is. */
public final class NotANetworkNamespaceException extends IOException {
    private static final long serialVersionUID = 1L;

    NotANetworkNamespaceException(String what, String found) {
        super(what + " is not a network namespace but " + found);
    }
}
