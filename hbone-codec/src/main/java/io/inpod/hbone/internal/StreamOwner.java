package io.inpod.hbone.internal;

import io.inpod.hbone.TunnelResetException;

/** Who waits for a stream that isn't a tunnel yet: the client for the answer, the server's handler with its decision. */
interface StreamOwner {
    /** The stream is gone. */
    void failed(TunnelResetException reason);
}
