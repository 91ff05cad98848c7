package io.inpod.examples.zds;

import java.io.IOException;

/** The process at the other end of a socket runs as a user who is neither root nor this process's own. */
public final class UntrustedPeerException extends IOException {
    private static final long serialVersionUID = 1L;

    UntrustedPeerException(String message) {
        super(message);
    }
}
