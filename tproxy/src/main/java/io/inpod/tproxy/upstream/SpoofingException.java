package io.inpod.tproxy.upstream;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Thrown when a connection can't be opened from the client's address for a local reason, not one of the server's. */
public final class SpoofingException extends IOException {
    private static final long serialVersionUID = 1L;

    SpoofingException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
