package io.inpod.hbone.internal.connection;

import io.inpod.hbone.internal.headers.ResponseRules;
import io.inpod.hbone.internal.stream.StreamOwner;

/** A CONNECT request that a client has sent, while it waits for its answer. */
public interface ConnectOwner extends StreamOwner {
    /** The final answer has arrived. */
    void answered(ResponseRules.Response response);

    /** The peer shows no sign of life and hasn't answered. The request may be sent elsewhere. */
    void peerFellSilent();
}
