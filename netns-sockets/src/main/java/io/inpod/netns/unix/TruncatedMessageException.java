package io.inpod.netns.unix;

import java.io.IOException;

/** A message, or the descriptors that came with it, exceeded the room for it; nothing of it was kept. */
public final class TruncatedMessageException extends IOException {
    private static final long serialVersionUID = 1L;

    TruncatedMessageException(String message) {
        super(message);
    }
}
