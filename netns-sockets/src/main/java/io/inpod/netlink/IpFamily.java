package io.inpod.netlink;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

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

    /** The family of this AF_ number; null for another, such as AF_BRIDGE. */
    static @Nullable IpFamily of(int number) {
        return number == V4.number ? V4 : number == V6.number ? V6 : null;
    }

    /** An address from the kernel. Unlike {@link InetAddress#getByAddress} it leaves a v4-mapped one what it is. */
    InetAddress address(byte[] bytes) throws MalformedAnswerException {
        try {
            if (bytes.length == bits / Byte.SIZE) {
                return this == V4 ? InetAddress.getByAddress(bytes) : Inet6Address.getByAddress(null, bytes, -1);
            }
        } catch (UnknownHostException e) {
            // only for a wrong length
        }
        throw new MalformedAnswerException("an address of " + this + " has " + bytes.length + " bytes");
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
