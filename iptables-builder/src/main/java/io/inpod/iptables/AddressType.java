package io.inpod.iptables;

/** How the kernel's routing classifies an address, see iptables-extensions(8), addrtype. */
public enum AddressType {
    /** One host elsewhere. */
    UNICAST,
    /** An address of this namespace. */
    LOCAL,
    /** A broadcast address. */
    BROADCAST,
    /** An anycast address. */
    ANYCAST,
    /** A multicast group. */
    MULTICAST,
    /** A route that drops silently. */
    BLACKHOLE,
    /** A route that refuses as unreachable. */
    UNREACHABLE,
    /** A route that refuses as prohibited. */
    PROHIBIT
}
