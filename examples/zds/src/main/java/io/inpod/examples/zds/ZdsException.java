package io.inpod.examples.zds;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A failure of ZDS. The subclass determines how to react to it. */
public abstract sealed class ZdsException extends IOException
        permits ZdsNackException, ZdsProtocolException, ZdsRequestException, ZdsSessionException {
    private static final long serialVersionUID = 1L;

    ZdsException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
