package io.inpod.hbone.internal.stream;

import io.inpod.hbone.TunnelResetException;

/** The party that waits for a stream to become a tunnel: on a client the request that was sent, on a server the request to be decided. */
public interface StreamOwner {
    /** The stream is gone. */
    void failed(TunnelResetException reason);
}
