package io.inpod.hbone.forward;

import io.inpod.hbone.Authority;
import io.inpod.hbone.TunnelChannel;
import io.inpod.hbone.TunnelRequest;
import io.inpod.tproxy.relay.RelayResult;
import io.netty.channel.Channel;

/**
 * Learns what becomes of forwarded connections, for a log. The methods are called on event loops, and must neither block nor throw.
 */
public interface ForwardListener {
    /** Does nothing. */
    ForwardListener NONE = new ForwardListener() {};

    /**
     * A connection couldn't be forwarded. A client of {@link PortForwarder} has been reset, one of {@link AppConnector} refused.
     *
     * @param client the accepted socket, or in an {@link AppConnector} the HBONE connection ({@link TunnelRequest#connection()})
     * @param app the tunnel's destination
     * @param cause why
     */
    default void failed(Channel client, Authority app, Throwable cause) {}

    /**
     * A forwarded connection has ended.
     *
     * @param client the accepted socket, or in an {@link AppConnector} the {@link TunnelChannel}
     * @param app the tunnel's destination
     * @param result bytes, duration, and how it ended
     */
    default void ended(Channel client, Authority app, RelayResult result) {}
}
