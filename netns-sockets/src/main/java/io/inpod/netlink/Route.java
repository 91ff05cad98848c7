package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A route, see ip-route(8). Begins with {@link #to}, {@link #via} or {@link #toAny}; the methods that begin with {@code with} return
 * copies:
 *
 * <pre>{@code
 * Route.to(network, 16).withGateway(router).withLink("eth0").withMetric(100).withMtu(1400)
 * }</pre>
 *
 * @param family the family of its destination
 * @param type what happens to a packet
 * @param destination the destination network, or null for any destination
 * @param prefixLength length of the destination's network part, 0 to 32 or 128 bits; 0 without a destination
 * @param gateway the next hop, which may be an IPv6 address for IPv4 too; null if the destination is on the link, or with several hops
 * @param link name of the interface, or null to let the gateway decide, or with several hops
 * @param table number of the routing table, 1 to 2³²-1, such as {@link #MAIN}
 * @param metric its rank among routes to the same destination, 0 to 2³²-1, lowest first; 0 leaves it to the kernel, which uses 1024 for
 *     IPv6
 * @param tos the type of service of the packets, 0 to 255, for IPv4 only; 0 for any. Newer kernels refuse its lowest two bits
 * @param protocol who made it, a number of {@code /etc/iproute2/rt_protos}, 0 to 255
 * @param source the source address of packets that this host sends, unless their socket has one; null to let the kernel choose
 * @param mtu the largest packet on the path, in bytes, up to 65520; 0 for that of the link
 * @param onlink whether the gateway is on the link although no prefix of the link contains it
 * @param hops the next hops of a route that has several, at least two; otherwise none
 * @param others what else a listed route has, in words, such as {@code "encap"} or {@code "expires"}: a route with any can neither be added
 *     nor deleted
 */
public record Route(
        IpFamily family,
        Type type,
        @Nullable InetAddress destination,
        int prefixLength,
        @Nullable InetAddress gateway,
        @Nullable String link,
        int table,
        int metric,
        int tos,
        int protocol,
        @Nullable InetAddress source,
        int mtu,
        boolean onlink,
        List<NextHop> hops,
        Set<String> others) {
    /** The protocol of routes that a program adds on a person's behalf, as ip-route(8) does. */
    public static final int BOOT = 3;

    /** The main routing table. */
    public static final int MAIN = 254;

    /** RTAX_MTU is at most 65535 - 15, see net/ipv4/metrics.c. */
    private static final int MOST_MTU = 65520;

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
     * @param tos see {@link Route}
     * @param protocol see {@link Route}
     * @param source see {@link Route}
     * @param mtu see {@link Route}
     * @param onlink see {@link Route}
     * @param hops see {@link Route}
     * @param others see {@link Route}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public Route {
        if (prefixLength < 0 || prefixLength > family.bits() || destination == null && prefixLength != 0) {
            throw new IllegalArgumentException(
                    "prefix length " + prefixLength + " doesn't fit " + (destination == null ? "anywhere" : destination));
        }
        if (isOther(family, destination) || isOther(family, source) || family == IpFamily.V6 && isOther(family, gateway)) {
            throw new IllegalArgumentException("the addresses aren't all " + family);
        }
        if (table == 0) {
            throw new IllegalArgumentException("table 0 doesn't exist");
        }
        if (tos < 0 || tos > 255 || protocol < 0 || protocol > 255) {
            throw new IllegalArgumentException("tos " + tos + " and protocol " + protocol + " must be 0 to 255");
        }
        if (tos != 0 && family == IpFamily.V6) {
            throw new IllegalArgumentException("tos " + tos + ": the kernel ignores it for IPv6");
        }
        if (mtu < 0 || mtu > MOST_MTU) {
            throw new IllegalArgumentException("mtu is 0 to " + MOST_MTU + ", not " + mtu + ": the kernel would reduce it");
        }
        if (hops.size() == 1 || !hops.isEmpty() && (gateway != null || link != null || onlink)) {
            throw new IllegalArgumentException("a route has either one gateway or link, or several next hops");
        }
        destination = destination == null || prefixLength == 0 ? null : network(family, destination, prefixLength);
        hops = List.copyOf(hops);
        others = Set.copyOf(others);
    }

    private static boolean isOther(IpFamily family, @Nullable InetAddress address) {
        return address != null && IpFamily.of(address) != family;
    }

    /** For IPv6 the kernel ignores the bits outside the prefix, for IPv4 it refuses them. */
    private static InetAddress network(IpFamily family, InetAddress destination, int prefixLength) {
        return family == IpFamily.V4 ? destination : Prefixes.network(destination, prefixLength);
    }

    /**
     * Creates a route with one next hop or none, and the protocol {@link #BOOT}.
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
    public Route(
            IpFamily family, Type type, @Nullable InetAddress destination, int prefixLength, @Nullable InetAddress gateway,
            @Nullable String link, int table, int metric) {
        this(family, type, destination, prefixLength, gateway, link, table, metric, 0, BOOT, null, 0, false, List.of(), Set.of());
    }

    /**
     * Creates a route with the kernel's default metric, as the longer constructor does.
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
     * Returns the beginning of a route to a network, which needs a gateway, a link, next hops, or another type.
     *
     * @param destination the network's address
     * @param prefixLength length of its network part, 0 to 32 or 128 bits
     * @return a route in the main table
     */
    public static Route to(InetAddress destination, int prefixLength) {
        return new Route(IpFamily.of(destination), Type.UNICAST, destination, prefixLength, null, null, MAIN);
    }

    /**
     * Returns the beginning of a default route, which needs a gateway, a link, next hops, or another type.
     *
     * @param family the family of the packets
     * @return a route to any destination, in the main table
     */
    public static Route toAny(IpFamily family) {
        return new Route(family, Type.UNICAST, null, 0, null, null, MAIN);
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

    /**
     * Sets what happens to a packet.
     *
     * @param value see {@link Route}
     * @return a copy with it
     */
    public Route withType(Type value) {
        return new Route(family, value, destination, prefixLength, gateway, link, table, metric, tos, protocol, source, mtu, onlink, hops,
                others);
    }

    /**
     * Sets the next hop.
     *
     * @param value see {@link Route}
     * @return a copy with it
     */
    public Route withGateway(InetAddress value) {
        return new Route(family, type, destination, prefixLength, value, link, table, metric, tos, protocol, source, mtu, onlink, hops,
                others);
    }

    /**
     * Sets the interface.
     *
     * @param value see {@link Route}
     * @return a copy with it
     */
    public Route withLink(String value) {
        return new Route(family, type, destination, prefixLength, gateway, value, table, metric, tos, protocol, source, mtu, onlink, hops,
                others);
    }

    /**
     * Sets the routing table.
     *
     * @param value see {@link Route}
     * @return a copy with it
     */
    public Route withTable(int value) {
        return new Route(family, type, destination, prefixLength, gateway, link, value, metric, tos, protocol, source, mtu, onlink, hops,
                others);
    }

    /**
     * Sets its rank among routes to the same destination.
     *
     * @param value see {@link Route}
     * @return a copy with it
     */
    public Route withMetric(int value) {
        return new Route(family, type, destination, prefixLength, gateway, link, table, value, tos, protocol, source, mtu, onlink, hops,
                others);
    }

    /**
     * Sets the type of service.
     *
     * @param value see {@link Route}
     * @return a copy with it
     */
    public Route withTos(int value) {
        return new Route(family, type, destination, prefixLength, gateway, link, table, metric, value, protocol, source, mtu, onlink, hops,
                others);
    }

    /**
     * Sets who made it.
     *
     * @param value see {@link Route}
     * @return a copy with it
     */
    public Route withProtocol(int value) {
        return new Route(family, type, destination, prefixLength, gateway, link, table, metric, tos, value, source, mtu, onlink, hops,
                others);
    }

    /**
     * Sets the source address of packets that this host sends.
     *
     * @param value see {@link Route}
     * @return a copy with it
     */
    public Route withSource(InetAddress value) {
        return new Route(family, type, destination, prefixLength, gateway, link, table, metric, tos, protocol, value, mtu, onlink, hops,
                others);
    }

    /**
     * Sets the largest packet on the path.
     *
     * @param value see {@link Route}
     * @return a copy with it
     */
    public Route withMtu(int value) {
        return new Route(family, type, destination, prefixLength, gateway, link, table, metric, tos, protocol, source, value, onlink, hops,
                others);
    }

    /** {@return a copy whose gateway is on the link although no prefix of the link contains it} */
    public Route withOnlink() {
        return new Route(family, type, destination, prefixLength, gateway, link, table, metric, tos, protocol, source, mtu, true, hops,
                others);
    }

    /**
     * Sets the next hops.
     *
     * @param value at least two
     * @return a copy with them instead of a gateway and a link
     */
    public Route withHops(List<NextHop> value) {
        return new Route(family, type, destination, prefixLength, null, null, table, metric, tos, protocol, source, mtu, false, value,
                others);
    }

    Route withOthers(Set<String> value) {
        return new Route(family, type, destination, prefixLength, gateway, link, table, metric, tos, protocol, source, mtu, onlink, hops,
                value);
    }

    /** A copy with other links: for one hop the first of the list, for several all. */
    Route withLinks(List<@Nullable String> links) {
        List<NextHop> linked = new ArrayList<>();
        for (int i = 0; i < hops.size(); i++) {
            linked.add(hops.get(i).withLink(links.get(i)));
        }
        return new Route(family, type, destination, prefixLength, gateway, hops.isEmpty() ? links.get(0) : null, table, metric, tos,
                protocol, source, mtu, onlink, linked, others);
    }

    /** The names of its links; null where the gateway decides. */
    List<@Nullable String> links() {
        List<@Nullable String> names = new ArrayList<>();
        if (hops.isEmpty()) {
            names.add(link);
        }
        hops.forEach(hop -> names.add(hop.link()));
        return names;
    }

    /** {@return the form that {@code ip route} prints} */
    @Override
    public String toString() {
        return (type == Type.UNICAST ? "" : type.name().toLowerCase(Locale.ROOT) + " ")
                + (destination == null ? "default" : destination.getHostAddress() + "/" + prefixLength)
                + (tos == 0 ? "" : " tos 0x" + Integer.toHexString(tos))
                + (gateway == null ? "" : " via " + (isOther(family, gateway) ? "inet6 " : "") + gateway.getHostAddress())
                + (link == null ? "" : " dev " + link)
                + (table == MAIN ? "" : " table " + Integer.toUnsignedString(table))
                + (protocol == BOOT ? "" : " proto " + protocol)
                + (source == null ? "" : " src " + source.getHostAddress())
                + (metric == 0 ? "" : " metric " + Integer.toUnsignedString(metric))
                + (mtu == 0 ? "" : " mtu " + mtu)
                + (onlink ? " onlink" : "")
                + hops.stream().map(hop -> " nexthop " + hop).collect(Collectors.joining())
                + (others.isEmpty() ? "" : " and " + String.join(", ", new TreeSet<>(others)))
                + (family == IpFamily.V6 && destination == null ? " (IPv6)" : "");
    }
}
