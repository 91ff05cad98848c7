package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * An address of an interface, see ip-address(8).
 *
 * @param link the interface's name; {@code #7} in a list if interface 7 has been deleted meanwhile
 * @param address the address
 * @param prefixLength length of the network part, 0 to 32 or 128 bits: that of the peer if there is one
 * @param peer the address, or network, at the other end of a point-to-point link; null if there is none
 * @param attributes what else it has
 */
public record LinkAddress(
        String link, InetAddress address, int prefixLength, @Nullable InetAddress peer, AddressAttributes attributes) {
    /**
     * Checks the values.
     *
     * @param link see {@link LinkAddress}
     * @param address see {@link LinkAddress}
     * @param prefixLength see {@link LinkAddress}
     * @param peer see {@link LinkAddress}
     * @param attributes see {@link LinkAddress}
     * @throws IllegalArgumentException if the prefix is longer than the address, the peer is of another family, or the kernel would ignore
     *     an attribute
     */
    public LinkAddress {
        if (prefixLength < 0 || prefixLength > IpFamily.of(address).bits()) {
            throw new IllegalArgumentException("prefix length " + prefixLength + " doesn't fit " + address.getHostAddress());
        }
        if (peer != null && IpFamily.of(peer) != IpFamily.of(address)) {
            throw new IllegalArgumentException(address.getHostAddress() + " and " + peer.getHostAddress() + " aren't of one family");
        }
        if (IpFamily.of(address) == IpFamily.V6 && attributes.isOfV4()) {
            throw new IllegalArgumentException(
                    "the kernel ignores broadcast, label and scope of an IPv6 address: " + address.getHostAddress() + attributes);
        }
        if (attributes.broadcast() != null && IpFamily.of(attributes.broadcast()) != IpFamily.V4) {
            throw new IllegalArgumentException("broadcast " + attributes.broadcast().getHostAddress() + " isn't an IPv4 address");
        }
        peer = address.equals(peer) ? null : peer;
    }

    /**
     * Creates an address without a peer.
     *
     * @param link see {@link LinkAddress}
     * @param address see {@link LinkAddress}
     * @param prefixLength see {@link LinkAddress}
     * @throws IllegalArgumentException if the prefix is longer than the address
     */
    public LinkAddress(String link, InetAddress address, int prefixLength) {
        this(link, address, prefixLength, null, AddressAttributes.NONE);
    }

    /**
     * Sets the other end of a point-to-point link.
     *
     * @param value its address or network, whose length is the prefix length
     * @return a copy with this peer
     */
    public LinkAddress withPeer(InetAddress value) {
        return new LinkAddress(link, address, prefixLength, value, attributes);
    }

    /**
     * Sets what else it has.
     *
     * @param value the attributes
     * @return a copy with these attributes
     */
    public LinkAddress withAttributes(AddressAttributes value) {
        return new LinkAddress(link, address, prefixLength, peer, value);
    }

    /** {@return the form that {@code ip address} accepts} */
    @Override
    public String toString() {
        return address.getHostAddress() + (peer == null ? "" : " peer " + peer.getHostAddress()) + "/" + prefixLength + " dev " + link
                + attributes;
    }
}
