package io.inpod.netlink;

import static io.inpod.netlink.NetlinkMessage.u32;

import io.inpod.netns.IpFamily;
import io.inpod.netns.internal.NetlinkStructs.Rtmsg;
import io.inpod.netns.internal.NetlinkStructs.Rtnexthop;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Messages about routes: struct rtmsg and RTA_ attributes of linux/rtnetlink.h. */
final class RouteMessages {
    static final int NEW = 24;
    static final int DELETE = 25;
    static final int GET = 26;

    static final int PROTOCOL_BOOT = 3;
    static final int SCOPE_NOWHERE = 255;

    static final int TABLE = 15;
    private static final int DESTINATION = 1;
    private static final int LINK = 4;
    private static final int GATEWAY = 5;
    private static final int METRIC = 6;
    private static final int SEVERAL_HOPS = 9;

    private static final int SCOPE_UNIVERSE = 0;
    private static final int SCOPE_LINK = 253;
    private static final int SCOPE_HOST = 254;
    private static final int CLONED = 0x200;
    private static final int LARGEST_SHORT_TABLE = 255;
    private static final int USUAL_V6_METRIC = 1024;

    private RouteMessages() {}

    /** The scope that ip(8) gives a new route. */
    static int scope(Route route) {
        if (route.family() == IpFamily.V6) {
            return SCOPE_UNIVERSE; // IPv6 has no scopes of routes
        }
        return switch (route.type()) {
            case LOCAL -> SCOPE_HOST;
            case UNICAST -> route.gateway() == null ? SCOPE_LINK : SCOPE_UNIVERSE;
            default -> SCOPE_UNIVERSE;
        };
    }

    /** Appends a route; {@code index} is the index of its link, or 0. */
    static NetlinkRequest fill(NetlinkRequest request, Route route, int index, int protocol, int scope) {
        request.struct(Rtmsg.STRUCT)
                .set(Rtmsg.FAMILY, route.family().number())
                .set(Rtmsg.DESTINATION_LENGTH, route.prefixLength())
                .set(Rtmsg.TABLE, shortTable(route.table()))
                .set(Rtmsg.PROTOCOL, protocol)
                .set(Rtmsg.SCOPE, scope)
                .set(Rtmsg.TYPE, route.type().number());
        InetAddress destination = route.destination();
        if (destination != null) {
            request.bytes(DESTINATION, destination.getAddress());
        }
        InetAddress gateway = route.gateway();
        if (gateway != null) {
            request.bytes(GATEWAY, gateway.getAddress());
        }
        if (shortTable(route.table()) == 0) {
            request.u32(TABLE, route.table());
        }
        if (index != 0) {
            request.u32(LINK, index);
        }
        if (route.metric() != 0) {
            request.u32(METRIC, route.metric());
        }
        return request;
    }

    /** The table's number in the header's one-byte field; a larger number is only in the attribute. */
    static int shortTable(int table) {
        return Integer.compareUnsigned(table, LARGEST_SHORT_TABLE) > 0 ? 0 : table;
    }

    /** Returns one route, or one for each next hop; none for routes that only the kernel creates: broadcast, multicast, cached. */
    static List<Route> parse(NetlinkMessage message, LinkNames names) throws IOException {
        Map<Integer, ByteBuffer> attributes = message.attributes(Rtmsg.STRUCT);
        IpFamily family = NetlinkMessage.family(message.get(Rtmsg.FAMILY));
        Route.Type type = Route.Type.of(message.get(Rtmsg.TYPE));
        if (family == null || type == null || (message.get(Rtmsg.FLAGS) & CLONED) != 0) {
            return List.of();
        }
        ByteBuffer hops = attributes.get(SEVERAL_HOPS);
        if (hops == null) {
            return List.of(route(message, family, type, attributes, attributes.get(GATEWAY), u32(attributes.get(LINK), 0), names));
        }
        List<Route> routes = new ArrayList<>();
        for (int at = 0; at + Rtnexthop.STRUCT.size() <= hops.limit();) {
            int length = Rtnexthop.LENGTH.get(hops, at);
            if (length < Rtnexthop.STRUCT.size() || length > hops.limit() - at) {
                throw new MalformedAnswerException("a route's next hop has a malformed length, " + length);
            }
            ByteBuffer hop = hops.slice(at, length).order(ByteOrder.nativeOrder());
            ByteBuffer gateway = Wire.attributes(hop, Rtnexthop.STRUCT.size()).get(GATEWAY);
            routes.add(route(message, family, type, attributes, gateway, Rtnexthop.INDEX.get(hop, 0), names));
            at += Wire.align(length);
        }
        return routes;
    }

    private static Route route(NetlinkMessage message, IpFamily family, Route.Type type, Map<Integer, ByteBuffer> attributes,
            @Nullable ByteBuffer gateway, int index, LinkNames names) throws IOException {
        InetAddress destination = NetlinkMessage.address(family, attributes.get(DESTINATION));
        int prefixLength = destination == null ? 0 : message.get(Rtmsg.DESTINATION_LENGTH);
        int table = u32(attributes.get(TABLE), message.get(Rtmsg.TABLE));
        int metric = u32(attributes.get(METRIC), 0);
        if (prefixLength > family.bits() || table == 0) {
            throw new MalformedAnswerException("a route has a prefix of " + prefixLength + " bits in table " + table);
        }
        return new Route(family, type, destination, prefixLength, NetlinkMessage.address(family, gateway), names.get(index), table,
                family == IpFamily.V6 && metric == USUAL_V6_METRIC ? 0 : metric);
    }
}
