package io.inpod.netns.unix;

import java.io.IOException;

/** Thrown when the process at the other end of a socket runs neither as root nor as this process's user. */
public final class UntrustedPeerException extends IOException {
    private static final long serialVersionUID = 1L;

    UntrustedPeerException(String message) {
        super(message);
    }
}
