package io.inpod.hbone;

import io.inpod.hbone.identity.SpiffeId;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelId;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.DuplexChannelConfig;
import java.util.List;
import java.util.Objects;

/**
 * A tunnel: a duplex channel of {@code ByteBuf} on the event loop of the connection that carries it (its {@link #parent()}).
 *
 * <p>It behaves as a TCP socket's channel does:
 * <ul>
 *   <li>{@link #shutdownOutput()} sends everything flushed before, then END_STREAM. The peer's END_STREAM fires
 *       {@code ChannelInputShutdownEvent} and {@code ChannelInputShutdownReadComplete} if {@code ALLOW_HALF_CLOSURE} is set; otherwise it
 *       closes the tunnel (in order, if nothing is left to write). When both directions have ended, the tunnel closes itself.
 *   <li>{@code close()} after the peer's end, with all input read and nothing left to write, ends our direction in order. Any other
 *       {@code close()} before both directions have ended is a reset, because bytes may be missing: RST_STREAM CANCEL, or CONNECT_ERROR
 *       (RFC 9113 section 8.5: "the TCP connection was reset") if {@code ChannelOption.SO_LINGER} is 0. For protocols in which one side
 *       closes first, set {@code SO_LINGER} to a number of seconds. Then {@code close()}, with all received input read and nothing left to
 *       write, ends our direction in order, and the peer has that time to end its own; if it sends more, or doesn't end, it gets RST_STREAM
 *       CANCEL.
 *   <li>The peer's RST_STREAM and the loss of the connection fire {@code exceptionCaught} with a {@link TunnelResetException}, then
 *       {@code channelInactive}, and never the end of input. If the reader isn't reading, undelivered input is dropped and the reset is
 *       reported immediately. RST_STREAM NO_ERROR after END_STREAM is an ordinary end.
 *   <li>Auto-read and {@code read()} control the flow-control credit that returns to the peer: an unread tunnel holds at most one
 *       stream window. {@code isWritable()} becomes false when the peer or the connection accepts no more.
 * </ul>
 *
 * <p>All methods may be called from any thread unless Netty says otherwise. Only this library creates tunnels.
 */
public abstract class TunnelChannel extends AbstractChannel implements DuplexChannel {
    /**
     * For this library only.
     *
     * @param connection the connection that carries the tunnel
     * @param id the tunnel's identifier
     */
    protected TunnelChannel(Channel connection, ChannelId id) {
        super(Objects.requireNonNull(connection), id);
    }

    /**
     * Returns the tunnel's destination.
     *
     * @return the request's authority
     */
    public abstract Authority authority();

    /**
     * Returns the peer's identity.
     *
     * @return the identity that TLS has verified
     */
    public abstract SpiffeId peerIdentity();

    /**
     * Returns the peer's headers: on a client those of the answer 200, on a server those of the request.
     *
     * @return those that {@link HboneOptions#headers()} keeps, without pseudo-headers, in the order received
     */
    public abstract List<Header> peerHeaders();

    /**
     * Returns the identifier of the HTTP/2 stream.
     *
     * @return the identifier
     */
    public abstract int streamId();

    @Override
    public abstract DuplexChannelConfig config();
}
