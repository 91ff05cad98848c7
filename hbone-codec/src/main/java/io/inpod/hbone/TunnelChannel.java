package io.inpod.hbone;

import io.inpod.hbone.identity.SpiffeId;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.DuplexChannelConfig;
import java.util.List;
import java.util.Objects;

/**
 * A tunnel: a duplex channel of {@code ByteBuf} on the event loop of the connection that carries it (its {@link #parent()}).
 *
 * <p>It behaves as a TCP socket's channel does:
 * <ul>
 *   <li>{@link #shutdownOutput()} sends what was flushed before, then END_STREAM. The peer's END_STREAM fires {@code ChannelInputShutdownEvent}
 *       and {@code ChannelInputShutdownReadComplete} if {@code ALLOW_HALF_CLOSURE} is set, else it closes the tunnel (in order, if
 *       nothing is left to be written). Once both directions have ended the tunnel closes by itself.
 *   <li>{@code close()} after the peer's end, with all of it read and nothing left to be written, ends our direction in order. Any other
 *       {@code close()} before both directions have ended is a reset, as bytes may be missing: RST_STREAM CANCEL, or CONNECT_ERROR
 *       (RFC 9113 section 8.5: "the TCP connection was reset") if {@code ChannelOption.SO_LINGER} was set to 0. For protocols in which
 *       one side closes first, {@code SO_LINGER} may be set to a number of seconds: then {@code close()}, with all that came read and nothing left to
 *       be written, ends our direction in order, and the peer has that time to end its own; if it sends more, or doesn't, it gets RST_STREAM CANCEL.
 *   <li>The peer's RST_STREAM, and loss of the connection, fire {@code exceptionCaught} with a {@link TunnelResetException}, then
 *       {@code channelInactive}; never the end of input. A tunnel that isn't reading drops what it hasn't delivered yet and says so at once.
 *       RST_STREAM NO_ERROR after END_STREAM is an ordinary end.
 *   <li>Auto-read and {@code read()} govern the flow-control credit that the peer gets back: a tunnel that isn't read holds at most one
 *       stream window. {@code isWritable()} turns false when the peer (or the connection) doesn't take more.
 * </ul>
 *
 * <p>All methods may be called from any thread unless Netty says otherwise. Made by this library only.
 */
public abstract class TunnelChannel extends AbstractChannel implements DuplexChannel {
    /**
     * For this library.
     *
     * @param connection the connection that carries the tunnel
     */
    protected TunnelChannel(Channel connection) {
        super(Objects.requireNonNull(connection));
    }

    /**
     * Where the tunnel leads.
     *
     * @return the request's authority
     */
    public abstract Authority authority();

    /**
     * Who is at the other end of the connection.
     *
     * @return the identity that TLS has verified
     */
    public abstract SpiffeId peerIdentity();

    /**
     * What the peer said about the tunnel: a client gets the headers of the 200, a server those of the request.
     *
     * @return without pseudo-headers, in the order received
     */
    public abstract List<Header> peerHeaders();

    /**
     * The HTTP/2 stream.
     *
     * @return its identifier
     */
    public abstract int streamId();

    @Override
    public abstract DuplexChannelConfig config();
}
