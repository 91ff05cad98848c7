package io.inpod.hbone;

import io.inpod.hbone.identity.SpiffeId;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.util.concurrent.Future;
import java.util.List;

/**
 * A CONNECT request that waits for its answer: exactly one call of {@link #accept} or {@link #refuse}, on the event loop of
 * {@link #connection()}. Bytes that the peer sends before the answer are kept, within the flow-control window.
 */
public interface TunnelRequest {
    /**
     * Returns the requested destination.
     *
     * @return the {@code :authority}
     */
    Authority authority();

    /**
     * Returns the request's other headers.
     *
     * @return those that {@link HboneOptions#headers()} keeps, in the order received
     */
    List<Header> headers();

    /**
     * Returns the peer's identity.
     *
     * @return the identity that TLS has verified
     */
    SpiffeId peerIdentity();

    /**
     * Returns the connection that carries the tunnel, for its addresses. Nothing may be written to it.
     *
     * @return the TCP channel
     */
    Channel connection();

    /**
     * Returns a future that completes when the peer cancels the request, the connection is lost, or the time limit for the answer expires,
     * if that happens before the answer; otherwise never.
     *
     * @return a future of the connection's event loop
     */
    Future<Void> abandoned();

    /**
     * Answers 200 and creates the tunnel.
     *
     * @param extraHeaders headers of the answer
     * @param initializer added to the tunnel's pipeline before any byte is read
     * @return the tunnel, active
     * @throws TunnelResetException if the request is gone: cancelled by the peer, expired, or lost with its connection
     * @throws IllegalStateException if the request was answered already, or the caller isn't on its event loop
     */
    TunnelChannel accept(List<Header> extraHeaders, ChannelHandler initializer) throws TunnelResetException;

    /**
     * Answers with another status and ends the stream. Does nothing if the request is gone.
     *
     * @param status 300 to 599
     * @throws IllegalStateException if the request was answered already, or the caller isn't on its event loop
     */
    void refuse(int status);
}
