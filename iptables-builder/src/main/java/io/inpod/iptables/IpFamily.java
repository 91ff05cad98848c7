package io.inpod.iptables;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Optional;

/** An address family: each has its own rules, applied by a tool of its own. */
public enum IpFamily {
    /** IPv4, {@code iptables}. */
    V4(32, "iptables", "0.0.0.0", "127.0.0.1/32"),
    /** IPv6, {@code ip6tables}. */
    V6(128, "ip6tables", "::", "::1/128");

    private final int bits;
    private final String tool;
    private final String any;
    private final String loopback;
    private final Optional<IpFamily> itself = Optional.of(this);

    IpFamily(int bits, String tool, String any, String loopback) {
        this.bits = bits;
        this.tool = tool;
        this.any = any;
        this.loopback = loopback;
    }

    /**
     * Tells the family of an address.
     *
     * @param address any address
     * @return its family
     */
    public static IpFamily of(InetAddress address) {
        return address instanceof Inet4Address ? V4 : V6;
    }

    /** This family where one may be absent: rules are asked for theirs so often that making it anew would be seen. */
    Optional<IpFamily> optional() {
        return itself;
    }

    /** {@return the length of an address in bits, 32 or 128} */
    public int bits() {
        return bits;
    }

    /** {@return the address that applications call localhost, as a full-length prefix} */
    public IpPrefix loopback() {
        return this == V4 ? Loopback.V4 : Loopback.V6;
    }

    /** {@return the name of its tool, {@code iptables} or {@code ip6tables}} */
    public String tool() {
        return tool;
    }

    /** {@return the address that stands for all, 0.0.0.0 or ::} */
    public String any() {
        return any;
    }

    @Override
    public String toString() {
        return this == V4 ? "IPv4" : "IPv6";
    }

    /** Made after the families, which prefixes ask for. */
    private static final class Loopback {
        static final IpPrefix V4 = IpPrefix.parse(IpFamily.V4.loopback);
        static final IpPrefix V6 = IpPrefix.parse(IpFamily.V6.loopback);
    }
}
