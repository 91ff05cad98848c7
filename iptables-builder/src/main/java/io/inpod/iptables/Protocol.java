package io.inpod.iptables;

import io.inpod.netns.IpFamily;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A protocol above IP that rules can ask for, see protocols(5). */
public enum Protocol {
    /** TCP, number 6. */
    TCP(6, null),
    /** UDP, number 17. */
    UDP(17, null),
    /** ICMP, number 1; only in IPv4. */
    ICMP(1, IpFamily.V4),
    /** ICMPv6, number 58; only in IPv6. */
    ICMPV6(58, IpFamily.V6);

    private final int number;
    private final Optional<IpFamily> family;

    Protocol(int number, @Nullable IpFamily family) {
        this.number = number;
        this.family = Optional.ofNullable(family);
    }

    /** {@return the number in the IP header, see protocols(5)} */
    public int number() {
        return number;
    }

    /** {@return the only family that has this protocol, if it belongs to one} */
    public Optional<IpFamily> onlyFamily() {
        return family;
    }

    /** {@return whether it has ports} */
    public boolean hasPorts() {
        return this == TCP || this == UDP;
    }

    /** {@return the name as iptables-save(8) prints it} */
    public String text() {
        return this == ICMPV6 ? "ipv6-icmp" : name().toLowerCase(Locale.ROOT);
    }
}
