package io.inpod.iptables;

/** How the sender learns of a rejected packet, see iptables-extensions(8), REJECT. */
public enum RejectWith {
    /** By ICMP or ICMPv6 "port unreachable". */
    PORT_UNREACHABLE,
    /** By a TCP reset; only in rules for TCP. */
    TCP_RESET;

    String text(IpFamily family) {
        if (this == TCP_RESET) {
            return "tcp-reset";
        }
        return family == IpFamily.V4 ? "icmp-port-unreachable" : "icmp6-port-unreachable";
    }
}
