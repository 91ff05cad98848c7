package io.inpod.netns;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.net.UnknownHostException;

/** An address family, IPv4 or IPv6. */
public enum IpFamily {
    /** IPv4, {@code AF_INET}. */
    V4(2, StandardProtocolFamily.INET, new byte[] {0, 0, 0, 0}, new byte[] {127, 0, 0, 1}),
    /** IPv6, {@code AF_INET6}. */
    V6(10, StandardProtocolFamily.INET6, new byte[16], new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

    private final int number;
    private final StandardProtocolFamily protocolFamily;
    private final InetAddress any;
    private final InetAddress loopback;

    IpFamily(int number, StandardProtocolFamily protocolFamily, byte[] any, byte[] loopback) {
        this.number = number;
        this.protocolFamily = protocolFamily;
        try {
            this.any = InetAddress.getByAddress(any);
            this.loopback = InetAddress.getByAddress(loopback);
        } catch (UnknownHostException e) {
            throw new ExceptionInInitializerError(e); // thrown only for a wrong length
        }
    }

    /**
     * Returns the family of an address.
     *
     * @param address any address; an IPv4-mapped one that is an {@link java.net.Inet6Address} belongs to IPv6
     * @return its family
     */
    public static IpFamily of(InetAddress address) {
        return address instanceof Inet4Address ? V4 : V6;
    }

    /** {@return the number of the family on Linux, AF_INET (2) or AF_INET6 (10)} */
    public int number() {
        return number;
    }

    /** {@return the length of an address in bits, 32 or 128} */
    public int bits() {
        return this == V4 ? 32 : 128;
    }

    /** {@return the JDK's value for this family, for {@link java.nio.channels.SocketChannel#open(ProtocolFamily)} and the like} */
    public StandardProtocolFamily protocolFamily() {
        return protocolFamily;
    }

    /** {@return the wildcard address, 0.0.0.0 or ::} */
    public InetAddress any() {
        return any;
    }

    /** {@return the loopback address, 127.0.0.1 or ::1} */
    public InetAddress loopback() {
        return loopback;
    }

    /** {@return {@code IPv4} or {@code IPv6}} */
    @Override
    public String toString() {
        return this == V4 ? "IPv4" : "IPv6";
    }
}
