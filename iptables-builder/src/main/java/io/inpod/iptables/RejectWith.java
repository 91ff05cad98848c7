package io.inpod.iptables;

import io.inpod.netns.IpFamily;

/** The answer to a rejected packet, see iptables-extensions(8), REJECT. */
public enum RejectWith {
    /** ICMP or ICMPv6 "port unreachable". */
    PORT_UNREACHABLE("icmp-port-unreachable", "icmp6-port-unreachable"),
    /** ICMP "host unreachable" or ICMPv6 "address unreachable". */
    HOST_UNREACHABLE("icmp-host-unreachable", "icmp6-addr-unreachable"),
    /** ICMP "net unreachable" or ICMPv6 "no route". */
    NO_ROUTE("icmp-net-unreachable", "icmp6-no-route"),
    /** ICMP or ICMPv6 "administratively prohibited". */
    ADMIN_PROHIBITED("icmp-admin-prohibited", "icmp6-adm-prohibited"),
    /** A TCP reset; only in rules for TCP. */
    TCP_RESET("tcp-reset", "tcp-reset");

    private final String v4;
    private final String v6;

    RejectWith(String v4, String v6) {
        this.v4 = v4;
        this.v6 = v6;
    }

    /**
     * Returns the name that iptables-save(8) prints.
     *
     * @param family the family of the rejected packet
     * @return such as {@code icmp-port-unreachable}
     */
    public String text(IpFamily family) {
        return family == IpFamily.V4 ? v4 : v6;
    }
}
