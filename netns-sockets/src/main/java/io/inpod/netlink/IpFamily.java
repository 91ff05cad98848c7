package io.inpod.netlink;

import java.net.Inet4Address;
import java.net.InetAddress;

/** An address family, with its AF_ number on Linux. */
public enum IpFamily {
    /** IPv4. */
    V4(2, 32),
    /** IPv6. */
    V6(10, 128);

    private final int number;
    private final int bits;

    IpFamily(int number, int bits) {
        this.number = number;
        this.bits = bits;
    }

    /** {@return AF_INET or AF_INET6} */
    public int number() {
        return number;
    }

    /** {@return the length of an address, in bits} */
    public int bits() {
        return bits;
    }

    /**
     * The family of an address.
     *
     * @param address any
     * @return its family
     */
    public static IpFamily of(InetAddress address) {
        return address instanceof Inet4Address ? V4 : V6;
    }
}
