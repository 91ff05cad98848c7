package io.inpod.hbone;

import io.inpod.hbone.identity.SpiffeId;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What an operator might want to see in a log, a metric or a recording. Called on the event loop of the connection; implementations don't block, don't
 * throw, and change nothing about the channels. {@link #NONE} costs nothing.
 */
public interface HboneEvents {
    /** Does nothing. */
    HboneEvents NONE = new HboneEvents() { };

    /**
     * A connection ended before it could carry tunnels: handshake, identity, ALPN, HTTP/2 preface, or no first request.
     *
     * @param connection the TCP channel; its addresses may be gone
     * @param reason why, in one line
     */
    default void handshakeFailed(Channel connection, String reason) { }

    /**
     * A connection can carry tunnels: TLS is done and the peer's SETTINGS have come.
     *
     * @param connection the TCP channel
     * @param peer the identity that TLS has verified
     * @param accepted whether the peer connected to us
     */
    default void connectionOpened(Channel connection, SpiffeId peer, boolean accepted) { }

    /**
     * A connection that was opened has ended, in whatever way.
     *
     * @param connection the TCP channel
     * @param reason why, in one line
     */
    default void connectionClosed(Channel connection, String reason) { }

    /**
     * A connection was given up because of its peer: protocol violation, flood.
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

    /**
     * A {@link TunnelRequestHandler} didn't answer in time; the client got 504.
     *
     * @param connection the TCP channel
     * @param patience how long the request had waited
     */
    default void requestExpired(Channel connection, Duration patience) { }

    /**
     * A tunnel stands.
     *
     * @param tunnel the tunnel
     */
    default void tunnelOpened(TunnelChannel tunnel) { }

    /**
     * A tunnel has ended, in whatever way.
     *
     * @param tunnel the tunnel, already closed
     * @param received bytes that came from the peer, with padding
     * @param sent bytes that were handed to the connection
     */
    default void tunnelClosed(TunnelChannel tunnel, long received, long sent) { }

    /**
     * RST_STREAM was sent or received.
     *
     * @param connection the TCP channel
     * @param stream the HTTP/2 stream
     * @param errorCode RFC 9113 section 7
     * @param byPeer who sent it
     */
    default void streamReset(Channel connection, int stream, long errorCode, boolean byPeer) { }

    /**
     * GOAWAY was sent or received.
     *
     * @param connection the TCP channel
     * @param lastStream the last stream that its sender has looked at or will look at
     * @param errorCode RFC 9113 section 7
     * @param byPeer who sent it
     */
    default void goAway(Channel connection, int lastStream, long errorCode, boolean byPeer) { }

    /**
     * Asked once per connection: where to write its HTTP/2 frames, as {@code nghttp -v} prints them, header values and all. For debugging; slow.
     *
     * @param connection the TCP channel
     * @return takes one line after the other, on the event loop; or null for no such log
     */
    default @Nullable Consumer<String> frameLog(Channel connection) {
        return null;
    }
}
