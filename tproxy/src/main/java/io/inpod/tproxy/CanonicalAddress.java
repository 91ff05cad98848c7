package io.inpod.tproxy;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/** A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d; addresses are only comparable in one form, the IPv4 one. */
public final class CanonicalAddress {
    private static final byte[] MAPPED_PREFIX = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1};

    private CanonicalAddress() {}

    public static InetSocketAddress of(InetSocketAddress address) {
        InetAddress ip = address.getAddress();
        if (ip == null) {
            throw new IllegalArgumentException(address + " isn't resolved");
        }
        InetAddress canonical = of(ip);
        return canonical == ip ? address : new InetSocketAddress(canonical, address.getPort());
    }

    public static InetAddress of(InetAddress address) {
        if (!(address instanceof Inet6Address)) {
            return address;
        }
        byte[] bytes = address.getAddress();
        return Arrays.equals(bytes, 0, 12, MAPPED_PREFIX, 0, 12) ? ofBytes(Arrays.copyOfRange(bytes, 12, 16)) : address;
    }

    /** From 4 or 16 bytes; the JDK turns mapped addresses into IPv4 ones here. */
    private static InetAddress ofBytes(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(bytes.length + " bytes are no IP address", e);
        }
    }
}
