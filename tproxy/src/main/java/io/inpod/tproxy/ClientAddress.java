package io.inpod.tproxy;

import io.netty.channel.socket.SocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;

/**
 * The address of the client of a connection: a type of its own, so that it can't be mistaken for a destination.
 *
 * @param ip its IP address; an IPv4-mapped IPv6 address is turned into the IPv4 address
 */
public record ClientAddress(InetAddress ip) {
    /** Brings the address into its canonical form. */
    public ClientAddress {
        ip = CanonicalAddress.of(ip);
    }

    /**
     * The address of the peer of an accepted connection.
     *
     * @param accepted the connection
     * @return its peer's address
     * @throws ClosedChannelException if the connection is gone and its address was never known
     */
    public static ClientAddress of(SocketChannel accepted) throws ClosedChannelException {
        InetSocketAddress remote = accepted.remoteAddress();
        if (remote == null) {
            throw new ClosedChannelException();
        }
        return new ClientAddress(remote.getAddress());
    }
}
