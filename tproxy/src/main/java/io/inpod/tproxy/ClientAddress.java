package io.inpod.tproxy;

import io.netty.channel.socket.SocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;

/**
 * The address of a client: a type of its own, so that it can't be mistaken for a destination.
 *
 * @param address its IP address and port, 0 if the port isn't known; an IPv4-mapped IPv6 address is turned into the IPv4 address
 */
public record ClientAddress(InetSocketAddress address) {
    /**
     * Brings the address into its canonical form.
     *
     * @param address see {@link ClientAddress}
     * @throws IllegalArgumentException if it isn't resolved
     */
    public ClientAddress {
        address = CanonicalAddress.of(address);
    }

    /**
     * A client whose port isn't known.
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

    /** {@return its port, 0 if that isn't known} */
    public int port() {
        return address.getPort();
    }

    /**
     * The address of the peer of an accepted connection.
     *
     * @param accepted the connection
     * @return its peer's address
     * @throws ClosedChannelException if the connection is gone and its address was never known
     */
    public static ClientAddress of(SocketChannel accepted) throws ClosedChannelException {
        return new ClientAddress(CanonicalAddress.ofChannel(accepted.remoteAddress()));
    }
}
