package io.inpod.tproxy;

import io.netty.channel.socket.SocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;

/**
 * The address of a client. A separate type, so that it can't be mistaken for a {@linkplain DestinationAddress destination}.
 *
 * @param address its IP address and port, port 0 if unknown; an IPv4-mapped IPv6 address is converted to the IPv4 address
 */
public record ClientAddress(InetSocketAddress address) {
    /**
     * Converts the address to its canonical form.
     *
     * @param address see {@link ClientAddress}
     * @throws IllegalArgumentException if it isn't resolved
     */
    public ClientAddress {
        address = CanonicalAddress.of(address);
    }

    /**
     * Creates the address of a client whose port is unknown.
     *
     * @param ip its IP address
     */
    public ClientAddress(InetAddress ip) {
        this(new InetSocketAddress(ip, 0));
    }

    /** {@return its IP address} */
    public InetAddress ip() {
        return address.getAddress();
    }

    /** {@return its port, 0 if unknown} */
    public int port() {
        return address.getPort();
    }

    /**
     * Returns the address of the peer of an accepted connection.
     *
     * @param accepted the connection
     * @return its peer's address
     * @throws ClosedChannelException if the connection was closed before its address was first asked for
     */
    public static ClientAddress of(SocketChannel accepted) throws ClosedChannelException {
        return new ClientAddress(CanonicalAddress.ofChannel(accepted.remoteAddress()));
    }
}
