package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import java.net.InetAddress;

/**
 * An address of an interface, see ip-address(8).
 *
 * @param link the interface's name; {@code #7} in a list if interface 7 has been deleted meanwhile
 * @param address the address
 * @param prefixLength length of the network part, 0 to 32 or 128 bits
 */
public record LinkAddress(String link, InetAddress address, int prefixLength) {
    /**
     * Checks the values.
     *
     * @param link see {@link LinkAddress}
     * @param address see {@link LinkAddress}
     * @param prefixLength see {@link LinkAddress}
     * @throws IllegalArgumentException if the prefix is longer than the address
     */
    public LinkAddress {
        if (prefixLength < 0 || prefixLength > IpFamily.of(address).bits()) {
            throw new IllegalArgumentException("prefix length " + prefixLength + " doesn't fit " + address.getHostAddress());
        }
    }

    /** {@return the form that {@code ip address} accepts} */
    @Override
    public String toString() {
        return address.getHostAddress() + "/" + prefixLength + " dev " + link;
    }
}
