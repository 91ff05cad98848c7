package io.inpod.netns;

import java.io.IOException;

/** A message, or the descriptors that came with it, exceeded the room for it; nothing of it was kept. */
public final class TruncatedPacketException extends IOException {
    private static final long serialVersionUID = 1L;

    TruncatedPacketException(String message) {
        super(message);
    }
}
