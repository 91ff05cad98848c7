package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A route, see ip-route(8).
 *
 * @param family the family of its addresses
 * @param type what happens to a packet
 * @param destination the destination network, or null for any destination
 * @param prefixLength length of the destination's network part, 0 to 32 or 128 bits; 0 without a destination
 * @param gateway the next hop, or null if the destination is on the link
 * @param link name of the interface, or null to let the gateway decide
 * @param table number of the routing table, 1 to 2³²-1, such as {@link #MAIN}
 * @param metric its rank among routes to the same destination, 0 to 2³²-1, lowest first; 0 leaves it to the kernel, which uses 1024 for
 *     IPv6
 */
public record Route(
        IpFamily family,
        Type type,
        @Nullable InetAddress destination,
        int prefixLength,
        @Nullable InetAddress gateway,
        @Nullable String link,
        int table,
        int metric) {
    /** The main routing table. */
    public static final int MAIN = 254;

    /** The treatment of a packet. */
    public enum Type {
        /** It is forwarded. */
        UNICAST(1),
        /** It is delivered to this host, whatever its destination address is. */
        LOCAL(2),
        /** It is dropped silently. */
        BLACKHOLE(6),
        /** It is rejected: the host is unreachable. */
        UNREACHABLE(7),
        /** It is rejected: communication is prohibited. */
        PROHIBIT(8),
        /** The lookup continues with the next routing rule. */
        THROW(9);

        private final int number;

        Type(int number) {
            this.number = number;
        }

        /** RTN_ of linux/rtnetlink.h. */
        int number() {
            return number;
        }

        /** Null for types that only the kernel creates, such as broadcast. */
        static @Nullable Type of(int number) {
            for (Type type : values()) {
                if (type.number == number) {
                    return type;
                }
            }
            return null;
        }
    }

    /**
     * Checks the values.
     *
     * @param family see {@link Route}
     * @param type see {@link Route}
     * @param destination see {@link Route}
     * @param prefixLength see {@link Route}
     * @param gateway see {@link Route}
     * @param link see {@link Route}
     * @param table see {@link Route}
     * @param metric see {@link Route}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public Route {
        if (prefixLength < 0 || prefixLength > family.bits() || destination == null && prefixLength != 0) {
            throw new IllegalArgumentException(
                    "prefix length " + prefixLength + " doesn't fit " + (destination == null ? "anywhere" : destination));
        }
        if (destination != null && IpFamily.of(destination) != family || gateway != null && IpFamily.of(gateway) != family) {
            throw new IllegalArgumentException("the addresses aren't all " + family);
        }
        if (table == 0) {
            throw new IllegalArgumentException("table 0 doesn't exist");
        }
    }

    /**
     * Creates a route with the kernel's default metric.
     *
     * @param family see {@link Route}
     * @param type see {@link Route}
     * @param destination see {@link Route}
     * @param prefixLength see {@link Route}
     * @param gateway see {@link Route}
     * @param link see {@link Route}
     * @param table see {@link Route}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public Route(
            IpFamily family, Type type, @Nullable InetAddress destination, int prefixLength, @Nullable InetAddress gateway,
            @Nullable String link, int table) {
        this(family, type, destination, prefixLength, gateway, link, table, 0);
    }

    /**
     * Returns a default route.
     *
     * @param gateway the next hop
     * @return a route to any destination, in the main table
     */
    public static Route via(InetAddress gateway) {
        return new Route(IpFamily.of(gateway), Type.UNICAST, null, 0, gateway, null, MAIN);
    }

    /**
     * Returns a route to a network.
     *
     * @param destination the network's address
     * @param prefixLength length of its network part, 0 to 32 or 128 bits
     * @param gateway the next hop
     * @return a route in the main table
     */
    public static Route via(InetAddress destination, int prefixLength, InetAddress gateway) {
        return new Route(IpFamily.of(destination), Type.UNICAST, destination, prefixLength, gateway, null, MAIN);
    }

    /**
     * Returns {@code local default dev LINK table TABLE}: every packet that is looked up in the table is delivered to this host, see the
     * kernel's Documentation/networking/tproxy.rst.
     *
     * @param family the family of the packets
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
        return (type == Type.UNICAST ? "" : type.name().toLowerCase(Locale.ROOT) + " ")
                + (destination == null ? "default" : destination.getHostAddress() + "/" + prefixLength)
                + (gateway == null ? "" : " via " + gateway.getHostAddress())
                + (link == null ? "" : " dev " + link)
                + (table == MAIN ? "" : " table " + Integer.toUnsignedString(table))
                + (metric == 0 ? "" : " metric " + Integer.toUnsignedString(metric))
                + (family == IpFamily.V6 && destination == null ? " (IPv6)" : "");
    }
}
