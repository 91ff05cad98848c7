package io.inpod.hbone;

import io.inpod.hbone.identity.SpiffeId;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.util.concurrent.Future;
import java.util.List;

/**
 * A CONNECT request that waits for its answer: exactly one call of {@link #accept} or {@link #refuse}, on the event loop of
 * {@link #connection()}. Bytes that the peer sends before are kept, within its flow-control window.
 */
public interface TunnelRequest {
    /**
     * Where the peer wants to go.
     *
     * @return the {@code :authority}
     */
    Authority authority();

    /**
     * The request's other headers.
     *
     * @return in the order received
     */
    List<Header> headers();

    /**
     * Who asks.
     *
     * @return the identity that TLS has verified
     */
    SpiffeId peerIdentity();

    /**
     * The connection that carries the tunnel, for its addresses; nothing may be written to it.
     *
     * @return the TCP channel
     */
    Channel connection();

    /**
     * Completes when the peer takes the request back (or the connection is lost) before it was answered; otherwise never.
     *
     * @return a future of the connection's event loop
     */
    Future<Void> abandoned();

    /**
     * Answers 200 and makes the tunnel.
     *
     * @param extraHeaders headers of the answer
     * @param initializer added to the tunnel's pipeline before any byte is read
     * @return the tunnel, active
     * @throws TunnelResetException if the peer has taken the request back
     * @throws IllegalStateException if the request was answered already, or this isn't its event loop
     */
    TunnelChannel accept(List<Header> extraHeaders, ChannelHandler initializer) throws TunnelResetException;

    /**
     * Answers with another status and ends the stream. Does nothing if the peer has taken the request back.
     *
     * @param status 300 to 599
     * @throws IllegalStateException if the request was answered already, or this isn't its event loop
     */
    void refuse(int status);
}
