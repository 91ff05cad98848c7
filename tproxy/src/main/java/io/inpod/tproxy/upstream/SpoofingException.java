package io.inpod.tproxy.upstream;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A connection can't be made from the client's address, for a reason that lies here and not with the server. */
public final class SpoofingException extends IOException {
    private static final long serialVersionUID = 1L;

    SpoofingException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
