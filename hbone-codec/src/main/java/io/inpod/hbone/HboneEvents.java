package io.inpod.hbone;

import io.inpod.hbone.identity.SpiffeId;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Events for logs, metrics and recordings. The methods are called on the connection's event loop. Implementations must not block, throw, or
 * change anything about the channels. {@link #NONE} costs nothing.
 */
public interface HboneEvents {
    /** Does nothing. */
    HboneEvents NONE = new HboneEvents() {};

    /**
     * A connection ended before it carried a tunnel: TLS handshake, identity, ALPN, HTTP/2 preface, or no first request.
     *
     * @param connection the TCP channel; its addresses may be null
     * @param reason why, in one line
     */
    default void handshakeFailed(Channel connection, String reason) {}

    /**
     * A connection can carry tunnels: the TLS handshake is complete and the peer's SETTINGS have arrived.
     *
     * @param connection the TCP channel
     * @param peer the identity that TLS has verified
     * @param accepted whether the peer connected to us
     */
    default void connectionOpened(Channel connection, SpiffeId peer, boolean accepted) {}

    /**
     * An opened connection has ended, for any reason.
     *
     * @param connection the TCP channel
     * @param reason why, in one line
     */
    default void connectionClosed(Channel connection, String reason) {}

    /**
     * A connection is being ended because of its peer's behaviour: a protocol violation or a flood.
     *
     * @param connection the TCP channel
     * @param reason why, in one line
     */
    default void connectionFailed(Channel connection, String reason) {}

    /**
     * A {@link TunnelRequestHandler} threw.
     *
     * @param connection the TCP channel
     * @param cause what it threw
     */
    default void handlerFailed(Channel connection, Throwable cause) {}

    /**
     * A {@link TunnelRequestHandler} didn't answer in time; the client got 504.
     *
     * @param connection the TCP channel
     * @param patience how long the request waited
     */
    default void requestExpired(Channel connection, Duration patience) {}

    /**
     * A tunnel was established.
     *
     * @param tunnel the tunnel
     */
    default void tunnelOpened(TunnelChannel tunnel) {}

    /**
     * A tunnel has ended, for any reason.
     *
     * @param tunnel the tunnel, already closed
     * @param received bytes received from the peer, padding included
     * @param sent bytes passed to the connection
     */
    default void tunnelClosed(TunnelChannel tunnel, long received, long sent) {}

    /**
     * RST_STREAM was sent or received.
     *
     * @param connection the TCP channel
     * @param stream the HTTP/2 stream
     * @param errorCode the code, as in RFC 9113 section 7
     * @param byPeer whether the peer sent it
     */
    default void streamReset(Channel connection, int stream, long errorCode, boolean byPeer) {}

    /**
     * GOAWAY was sent or received.
     *
     * @param connection the TCP channel
     * @param lastStream the last stream that the sender has processed or will process
     * @param errorCode the code, as in RFC 9113 section 7
     * @param byPeer whether the peer sent it
     */
    default void goAway(Channel connection, int lastStream, long errorCode, boolean byPeer) {}

    /**
     * Returns the destination of a log of HTTP/2 frames, as {@code nghttp -v} prints them, header values included. Called once per
     * connection. For debugging; slow.
     *
     * @param connection the TCP channel
     * @return consumes the lines one by one, on the event loop; null for no log
     */
    default @Nullable Consumer<String> frameLog(Channel connection) {
        return null;
    }
}
