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

    /** Returns the families in which the kernel's addrtype match supports this type. */
    FamilyScope families() {
        return this == BROADCAST || this == BLACKHOLE || this == PROHIBIT ? FamilyScope.V4 : FamilyScope.BOTH;
    }
}
