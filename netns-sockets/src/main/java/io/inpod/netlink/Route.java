package io.inpod.netlink;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * A route, see ip-route(8).
 *
 * @param family of its addresses
 * @param type what becomes of a packet
 * @param destination where to, or null for anywhere
 * @param prefixLength of the destination, 0 to 32 or 128 bits; 0 without a destination
 * @param gateway the next hop, or null if the destination is on the link
 * @param link name of the interface, or null to let the gateway decide
 * @param table number of the routing table, 1 to 2³²-1; {@link #MAIN} is the ordinary one
 */
public record Route(
        IpFamily family, Type type, @Nullable InetAddress destination, int prefixLength, @Nullable InetAddress gateway, @Nullable String link, int table) {
    /** The ordinary table. */
    public static final int MAIN = 254;

    /** What becomes of a packet. */
    public enum Type {
        /** It is sent on. */
        UNICAST,
        /** It is delivered to this host, whatever its address. */
        LOCAL
    }

    /**
     * Checks the values.
     *
     * @param family of its addresses
     * @param type what becomes of a packet
     * @param destination where to, or null for anywhere
     * @param prefixLength of the destination, 0 to 32 or 128 bits; 0 without a destination
     * @param gateway the next hop, or null if the destination is on the link
     * @param link name of the interface, or null to let the gateway decide
     * @param table number of the routing table, 1 to 2³²-1; {@link #MAIN} is the ordinary one
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public Route {
        if (prefixLength < 0 || prefixLength > family.bits() || destination == null && prefixLength != 0) {
            throw new IllegalArgumentException("prefix length " + prefixLength + " doesn't fit " + (destination == null ? "anywhere" : destination));
        }
        if (destination != null && IpFamily.of(destination) != family || gateway != null && IpFamily.of(gateway) != family) {
            throw new IllegalArgumentException("the addresses aren't all " + family);
        }
        if (table == 0) {
            throw new IllegalArgumentException("table 0 doesn't exist");
        }
    }

    /**
     * The ordinary default route.
     *
     * @param gateway the next hop
     * @return a route to anywhere in the main table
     */
    public static Route via(InetAddress gateway) {
        return new Route(IpFamily.of(gateway), Type.UNICAST, null, 0, gateway, null, MAIN);
    }

    /**
     * {@code local default dev LINK table TABLE}: every packet that is looked up in the table belongs to this host, see the
     * kernel's Documentation/networking/tproxy.rst.
     *
     * @param family which default
     * @param link the loopback interface's name
     * @param table number of the routing table
     * @return the route
     */
    public static Route localDefault(IpFamily family, String link, int table) {
        return new Route(family, Type.LOCAL, null, 0, null, link, table);
    }

    /** {@return the form that {@code ip route} prints} */
    @Override
    public String toString() {
        return (type == Type.LOCAL ? "local " : "")
                + (destination == null ? "default" : destination.getHostAddress() + "/" + prefixLength)
                + (gateway == null ? "" : " via " + gateway.getHostAddress())
                + (link == null ? "" : " dev " + link)
                + (table == MAIN ? "" : " table " + table)
                + (family == IpFamily.V6 && destination == null ? " (IPv6)" : "");
    }
}
