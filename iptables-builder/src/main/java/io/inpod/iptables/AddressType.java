package io.inpod.iptables;

/** How the kernel's routing classifies an address, see iptables-extensions(8), addrtype. */
public enum AddressType {
    /** One host elsewhere. */
    UNICAST,
    /** An address of this namespace. */
    LOCAL,
    /** A broadcast address; only in IPv4. */
    BROADCAST,
    /** An anycast address. */
    ANYCAST,
    /** A multicast group. */
    MULTICAST,
    /** A route that drops silently; only in IPv4. */
    BLACKHOLE,
    /** A route that refuses as unreachable. */
    UNREACHABLE,
    /** A route that refuses as prohibited; only in IPv4. */
    PROHIBIT;

    /** Whether the kernel's addrtype match knows it in IPv6 too. */
    boolean inBothFamilies() {
        return this != BROADCAST && this != BLACKHOLE && this != PROHIBIT;
    }
}
