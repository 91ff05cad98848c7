package io.inpod.tproxy;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * Where a connection or datagram is to go: a type of its own, so that a {@linkplain ClientAddress client's address} can't be taken
 * for it.
 *
 * @param address its IP address and port; an IPv4-mapped IPv6 address is turned into the IPv4 address
 */
public record DestinationAddress(InetSocketAddress address) {
    /**
     * Brings the address into its canonical form.
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
