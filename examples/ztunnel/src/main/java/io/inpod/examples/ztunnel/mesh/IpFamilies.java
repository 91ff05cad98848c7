package io.inpod.examples.ztunnel.mesh;

import java.net.Inet4Address;
import java.net.InetAddress;

/** Which of its endpoints' addresses a service uses. */
public enum IpFamilies {
    /** Both, because nothing is said. */
    AUTOMATIC,
    /** Only IPv4. */
    IPV4,
    /** Only IPv6. */
    IPV6,
    /** Both. */
    DUAL;

    /**
     * Returns whether an address may be used.
     *
     * @param address the address
     * @return whether it is of one of these families
     */
    public boolean allow(InetAddress address) {
        return switch (this) {
            case AUTOMATIC, DUAL -> true;
            case IPV4 -> address instanceof Inet4Address;
            case IPV6 -> !(address instanceof Inet4Address);
        };
    }
}
