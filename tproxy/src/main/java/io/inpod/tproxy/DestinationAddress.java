package io.inpod.tproxy;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The destination of a connection or datagram. A separate type, so that it can't be mistaken for a {@linkplain ClientAddress client's
 * address}.
 *
 * @param address its IP address and port; an IPv4-mapped IPv6 address is converted to the IPv4 address
 */
public record DestinationAddress(InetSocketAddress address) {
    /**
     * Converts the address to its canonical form.
     *
     * @param address see {@link DestinationAddress}
     * @throws IllegalArgumentException if it isn't resolved
     */
    public DestinationAddress {
        address = CanonicalAddress.of(address);
    }

    /** {@return its IP address} */
    public InetAddress ip() {
        return address.getAddress();
    }

    /** {@return its port} */
    public int port() {
        return address.getPort();
    }
}
