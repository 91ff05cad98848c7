package io.inpod.examples.nodeagent.install;

import java.io.IOException;

/** There is no network configuration yet: the node's CNI plugin isn't installed. Another attempt is useful once it is. */
public final class NoNetworkException extends IOException {
    private static final long serialVersionUID = 1;

    NoNetworkException(String message) {
        super(message);
    }
}
