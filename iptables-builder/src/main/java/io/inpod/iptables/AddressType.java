package io.inpod.iptables;

/** The class that the kernel's routing gives an address, see iptables-extensions(8), addrtype. */
public enum AddressType {
    /** A single host outside this namespace. */
    UNICAST,
    /** An address of this namespace. */
    LOCAL,
    /** A broadcast address; only in IPv4. */
    BROADCAST,
    /** An anycast address. */
    ANYCAST,
    /** A multicast group. */
    MULTICAST,
    /** An address with a route that drops packets silently; only in IPv4. */
    BLACKHOLE,
    /** An address with a route that rejects packets as unreachable. */
    UNREACHABLE,
    /** An address with a route that rejects packets as prohibited; only in IPv4. */
    PROHIBIT;

    /** Returns the families in which the kernel's addrtype match supports this type. */
    FamilyScope families() {
        return this == BROADCAST || this == BLACKHOLE || this == PROHIBIT ? FamilyScope.V4 : FamilyScope.BOTH;
    }
}
