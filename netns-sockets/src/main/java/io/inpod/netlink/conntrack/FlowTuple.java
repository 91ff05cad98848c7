package io.inpod.netlink.conntrack;

import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What the packets of one direction of a flow have in common. Begins with {@link #tcp}, {@link #udp} or {@link #icmp}; the constructor
 * takes other protocols.
 *
 * @param protocol the protocol's number of {@code /etc/protocols}, 0 to 255
 * @param source the packets' source address
 * @param destination their destination address, of the same family
 * @param sourcePort their source port, 0 to 65535; 0 for protocols without ports
 * @param destinationPort their destination port, likewise
 * @param icmp for ICMP and ICMPv6, what the packets have instead of ports; otherwise null
 */
public record FlowTuple(
        int protocol, InetAddress source, InetAddress destination, int sourcePort, int destinationPort, @Nullable Icmp icmp) {
    /** The number of TCP. */
    public static final int TCP = 6;

    /** The number of UDP. */
    public static final int UDP = 17;

    /** The number of ICMP. */
    public static final int ICMP = 1;

    /** The number of ICMPv6. */
    public static final int ICMPV6 = 58;

    private static final int MOST_PORT = 0xffff;

    /**
     * What packets of ICMP have instead of ports.
     *
     * @param type the type, 0 to 255
     * @param code the code, 0 to 255
     * @param id the identifier, 0 to 65535
     */
    public record Icmp(int type, int code, int id) {
        /**
         * Checks the values.
         *
         * @param type see {@link Icmp}
         * @param code see {@link Icmp}
         * @param id see {@link Icmp}
         * @throws IllegalArgumentException naming the value that is out of range
         */
        public Icmp {
            if (type < 0 || type > 255 || code < 0 || code > 255 || id < 0 || id > MOST_PORT) {
                throw new IllegalArgumentException(
                        "type " + type + " and code " + code + " must be 0 to 255, and id " + id + " 0 to " + MOST_PORT);
            }
        }
    }

    /**
     * Checks the values.
     *
     * @param protocol see {@link FlowTuple}
     * @param source see {@link FlowTuple}
     * @param destination see {@link FlowTuple}
     * @param sourcePort see {@link FlowTuple}
     * @param destinationPort see {@link FlowTuple}
     * @param icmp see {@link FlowTuple}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public FlowTuple {
        if (protocol < 0 || protocol > 255) {
            throw new IllegalArgumentException("protocol is 0 to 255, not " + protocol);
        }
        if (IpFamily.of(source) != IpFamily.of(destination)) {
            throw new IllegalArgumentException("source " + source.getHostAddress() + " and destination " + destination.getHostAddress()
                    + " must be of one family");
        }
        if (sourcePort < 0 || sourcePort > MOST_PORT || destinationPort < 0 || destinationPort > MOST_PORT) {
            throw new IllegalArgumentException(
                    "sourcePort " + sourcePort + " and destinationPort " + destinationPort + " must be 0 to " + MOST_PORT);
        }
        if (icmp != null && (protocol != ICMP && protocol != ICMPV6 || sourcePort != 0 || destinationPort != 0)) {
            throw new IllegalArgumentException("icmp is for the protocols " + ICMP + " and " + ICMPV6 + ", which have no ports");
        }
    }

    /**
     * Returns one direction of a connection of TCP.
     *
     * @param source where its packets come from, resolved
     * @param destination where they go, resolved and of the same family
     * @return the tuple
     */
    public static FlowTuple tcp(InetSocketAddress source, InetSocketAddress destination) {
        return new FlowTuple(TCP, source.getAddress(), destination.getAddress(), source.getPort(), destination.getPort(), null);
    }

    /**
     * Returns one direction of a flow of UDP.
     *
     * @param source where its packets come from, resolved
     * @param destination where they go, resolved and of the same family
     * @return the tuple
     */
    public static FlowTuple udp(InetSocketAddress source, InetSocketAddress destination) {
        return new FlowTuple(UDP, source.getAddress(), destination.getAddress(), source.getPort(), destination.getPort(), null);
    }

    /**
     * Returns one direction of a flow of ICMP, or for addresses of IPv6, ICMPv6.
     *
     * @param source where its packets come from
     * @param destination where they go, of the same family
     * @param icmp their type, code and identifier
     * @return the tuple
     */
    public static FlowTuple icmp(InetAddress source, InetAddress destination, Icmp icmp) {
        return new FlowTuple(IpFamily.of(source) == IpFamily.V4 ? ICMP : ICMPV6, source, destination, 0, 0, icmp);
    }

    /** {@return its family} */
    public IpFamily family() {
        return IpFamily.of(source);
    }

    /** {@return the form that {@code conntrack} prints} */
    @Override
    public String toString() {
        return "src=" + source.getHostAddress() + " dst=" + destination.getHostAddress()
                + (icmp == null ? " sport=" + sourcePort + " dport=" + destinationPort
                        : " type=" + icmp.type() + " code=" + icmp.code() + " id=" + icmp.id());
    }
}
