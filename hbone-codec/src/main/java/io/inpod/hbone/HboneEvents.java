package io.inpod.hbone;

import io.netty.channel.Channel;

/** What an operator might want to see in a log. Called on event loops; implementations don't block and don't throw. */
public interface HboneEvents {
    /** Does nothing. */
    HboneEvents NONE = new HboneEvents() { };

    /**
     * A connection ended before it could carry tunnels: handshake, identity, ALPN or HTTP/2 preface.
     *
     * @param connection the TCP channel; its addresses may be gone
     * @param reason why, in one line
     */
    default void handshakeFailed(Channel connection, String reason) { }

    /**
     * A connection was given up because of its peer: protocol violation, flood, no answer to PING.
     *
     * @param connection the TCP channel
     * @param reason why, in one line
     */
    default void connectionFailed(Channel connection, String reason) { }

    /**
     * A {@link TunnelRequestHandler} threw.
     *
     * @param connection the TCP channel
     * @param cause what it threw
     */
    default void handlerFailed(Channel connection, Throwable cause) { }
}
