package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.Locale;
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
 * @param metric its rank among routes to the same destination, 0 to 2³²-1, lower ones first; 0 leaves it to the kernel, which takes 1024 for
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
    /** The ordinary table. */
    public static final int MAIN = 254;

    /** What becomes of a packet. */
    public enum Type {
        /** It is sent on. */
        UNICAST(1),
        /** It is delivered to this host, whatever its address. */
        LOCAL(2),
        /** It vanishes. */
        BLACKHOLE(6),
        /** Its sender is told that the host is unreachable. */
        UNREACHABLE(7),
        /** Its sender is told that this is prohibited. */
        PROHIBIT(8),
        /** The next routing rule decides. */
        THROW(9);

        private final int number;

        Type(int number) {
            this.number = number;
        }

        /** RTN_ of linux/rtnetlink.h. */
        int number() {
            return number;
        }

        /** Null for types that only the kernel makes, such as broadcast. */
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
     * A route with the kernel's choice of metric.
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
            IpFamily family, Type type, @Nullable InetAddress destination, int prefixLength, @Nullable InetAddress gateway, @Nullable String link, int table) {
        this(family, type, destination, prefixLength, gateway, link, table, 0);
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
     * A route to a network.
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
        return (type == Type.UNICAST ? "" : type.name().toLowerCase(Locale.ROOT) + " ")
                + (destination == null ? "default" : destination.getHostAddress() + "/" + prefixLength)
                + (gateway == null ? "" : " via " + gateway.getHostAddress())
                + (link == null ? "" : " dev " + link)
                + (table == MAIN ? "" : " table " + Integer.toUnsignedString(table))
                + (metric == 0 ? "" : " metric " + Integer.toUnsignedString(metric))
                + (family == IpFamily.V6 && destination == null ? " (IPv6)" : "");
    }
}
