package io.inpod.tproxy;

import io.inpod.netns.error.AlreadyClosedException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Addresses in canonical form. A dual-stack socket reports an IPv4 peer as the IPv4-mapped IPv6 address {@code ::ffff:a.b.c.d}; addresses
 * can only be compared if all of them are in one form. Here that is the IPv4 address.
 */
public final class CanonicalAddress {
    private static final byte[] MAPPED_PREFIX = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1};

    private CanonicalAddress() {}

    /**
     * Returns the canonical form of a socket address.
     *
     * @param address an IP address and port
     * @return the same address, or the IPv4 address that it maps
     * @throws IllegalArgumentException if it isn't resolved
     */
    @SuppressWarnings("ReferenceEquality") // whether it is the same object only decides about a copy
    public static InetSocketAddress of(InetSocketAddress address) {
        InetAddress ip = address.getAddress();
        if (ip == null) {
            throw new IllegalArgumentException(address + " isn't resolved");
        }
        InetAddress canonical = of(ip);
        return canonical == ip ? address : new InetSocketAddress(canonical, address.getPort());
    }

    /**
     * Returns the canonical form of an IP address.
     *
     * @param address the address
     * @return the same address, or the IPv4 address that it maps
     */
    public static InetAddress of(InetAddress address) {
        if (!(address instanceof Inet6Address)) {
            return address;
        }
        byte[] bytes = address.getAddress();
        return Arrays.equals(bytes, 0, 12, MAPPED_PREFIX, 0, 12) ? v4(Arrays.copyOfRange(bytes, 12, 16)) : address;
    }

    /**
     * Returns the canonical form of the address that a TCP or UDP channel reports as its own or as its peer's.
     *
     * @param address what the channel returned
     * @return its canonical form
     * @throws AlreadyClosedException if the channel returned none: it closed before it was first asked for the address
     */
    public static InetSocketAddress ofChannel(@Nullable SocketAddress address) throws AlreadyClosedException {
        if (address instanceof InetSocketAddress known && known.getAddress() != null) {
            return of(known);
        }
        throw new AlreadyClosedException("the channel, before it was first asked for an address,");
    }

    private static InetAddress v4(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // four bytes are always an address
        }
    }
}
