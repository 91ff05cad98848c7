package io.inpod.iptables;

import java.util.Locale;

/** A protocol above IP, see protocols(5). */
public enum Protocol {
    /** TCP, number 6. */
    TCP(6, FamilyScope.BOTH),
    /** UDP, number 17. */
    UDP(17, FamilyScope.BOTH),
    /** ICMP, number 1; only in IPv4. */
    ICMP(1, FamilyScope.V4),
    /** ICMPv6, number 58; only in IPv6. */
    ICMPV6(58, FamilyScope.V6);

    private final int number;
    private final FamilyScope families;

    Protocol(int number, FamilyScope families) {
        this.number = number;
        this.families = families;
    }

    /** {@return the number in the IP header, see protocols(5)} */
    public int number() {
        return number;
    }

    /** {@return the families that have this protocol} */
    public FamilyScope families() {
        return families;
    }

    /** {@return whether its header has ports} */
    public boolean hasPorts() {
        return this == TCP || this == UDP;
    }

    /** {@return the name as iptables-save(8) prints it} */
    public String text() {
        return this == ICMPV6 ? "ipv6-icmp" : name().toLowerCase(Locale.ROOT);
    }
}
