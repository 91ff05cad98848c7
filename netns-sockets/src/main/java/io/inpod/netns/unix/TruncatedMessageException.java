package io.inpod.netns.unix;

import java.io.IOException;

/** Thrown when a message or its descriptors exceed the limits of the receiver. The message is lost and its descriptors are closed. */
public final class TruncatedMessageException extends IOException {
    private static final long serialVersionUID = 1L;

    TruncatedMessageException(String message) {
        super(message);
    }
}
