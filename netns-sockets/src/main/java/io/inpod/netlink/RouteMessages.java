package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import io.inpod.netns.internal.NetlinkStructs.Rtmsg;
import io.inpod.netns.internal.NetlinkStructs.Rtnexthop;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Requests about routes: struct rtmsg and RTA_ attributes of linux/rtnetlink.h. {@link RouteParser} reads the kernel's answers. */
final class RouteMessages {
    static final int NEW = 24;
    static final int DELETE = 25;
    static final int GET = 26;

    static final int DESTINATION = 1;
    static final int LINK = 4;
    static final int GATEWAY = 5;
    static final int METRIC = 6;
    static final int SOURCE = 7;
    static final int METRICS = 8;
    static final int SEVERAL_HOPS = 9;
    static final int TABLE = 15;
    static final int VIA = 18;
    static final int METRICS_MTU = 2;
    static final int ONLINK = 4;
    static final int USUAL_V6_METRIC = 1024;

    private static final int SCOPE_UNIVERSE = 0;
    private static final int SCOPE_LINK = 253;
    private static final int SCOPE_HOST = 254;
    private static final int LARGEST_SHORT_TABLE = 255;

    private RouteMessages() {}

    /** The scope that ip(8) gives a new route. */
    static int scope(Route route) {
        if (route.family() == IpFamily.V6) {
            return SCOPE_UNIVERSE; // IPv6 has no scopes of routes
        }
        return switch (route.type()) {
            case LOCAL -> SCOPE_HOST;
            case UNICAST -> route.gateway() == null && route.hops().isEmpty() ? SCOPE_LINK : SCOPE_UNIVERSE;
            default -> SCOPE_UNIVERSE;
        };
    }

    /** Appends a whole route; its links must be among those whose indices are given. */
    static NetlinkRequest fill(NetlinkRequest request, Route route, Map<String, Integer> indices) {
        return hops(fill(request, route), route, indices);
    }

    /** Appends a listed route to a request that deletes it. */
    static NetlinkRequest fillDelete(NetlinkRequest request, Route route, Map<String, Integer> indices) {
        if (route.family() == IpFamily.V4) {
            return fill(request, route, indices);
        }
        // Without metric and hop the kernel would take any; with one of several hops, it would delete this hop alone.
        fill(request, route);
        if (route.metric() == 0) {
            request.u32(METRIC, USUAL_V6_METRIC);
        }
        return route.hops().isEmpty() ? hops(request, route, indices) : request;
    }

    private static NetlinkRequest fill(NetlinkRequest request, Route route) {
        request.struct(Rtmsg.STRUCT)
                .set(Rtmsg.FAMILY, route.family().number())
                .set(Rtmsg.DESTINATION_LENGTH, route.prefixLength())
                .set(Rtmsg.TOS, route.tos())
                .set(Rtmsg.TABLE, shortTable(route.table()))
                .set(Rtmsg.PROTOCOL, route.protocol())
                .set(Rtmsg.SCOPE, scope(route))
                .set(Rtmsg.TYPE, route.type().number())
                .set(Rtmsg.FLAGS, route.onlink() ? ONLINK : 0);
        address(request, DESTINATION, route.destination());
        address(request, SOURCE, route.source());
        if (shortTable(route.table()) == 0) {
            request.u32(TABLE, route.table());
        }
        if (route.metric() != 0) {
            request.u32(METRIC, route.metric());
        }
        return route.mtu() == 0 ? request : request.nested(METRICS, metrics -> metrics.u32(METRICS_MTU, route.mtu()));
    }

    private static NetlinkRequest hops(NetlinkRequest request, Route route, Map<String, Integer> indices) {
        if (route.hops().isEmpty()) {
            gateway(request, route.family(), route.gateway());
            return route.link() == null ? request : request.u32(LINK, index(route.link(), indices));
        }
        return request.nested(SEVERAL_HOPS, list -> route.hops().forEach(hop -> {
            int start = list.beginStruct(Rtnexthop.STRUCT);
            list.set(Rtnexthop.FLAGS, hop.onlink() ? ONLINK : 0).set(Rtnexthop.HOPS, hop.weight() - 1)
                    .set(Rtnexthop.INDEX, index(hop.link(), indices));
            gateway(list, route.family(), hop.gateway());
            list.endStruct(start, Rtnexthop.LENGTH);
        }));
    }

    private static int index(@Nullable String link, Map<String, Integer> indices) {
        return link == null ? 0 : indices.getOrDefault(link, 0);
    }

    private static void gateway(NetlinkRequest request, IpFamily family, @Nullable InetAddress gateway) {
        if (gateway != null && IpFamily.of(gateway) != family) { // struct rtvia: the family, then the address
            byte[] address = gateway.getAddress();
            request.bytes(VIA, ByteBuffer.allocate(2 + address.length).order(ByteOrder.nativeOrder())
                    .putShort((short) IpFamily.of(gateway).number()).put(address).array());
        } else {
            address(request, GATEWAY, gateway);
        }
    }

    private static void address(NetlinkRequest request, int attribute, @Nullable InetAddress address) {
        if (address != null) {
            request.bytes(attribute, address.getAddress());
        }
    }

    /** The table's number in the header's one-byte field; a larger number is only in the attribute. */
    static int shortTable(int table) {
        return Integer.compareUnsigned(table, LARGEST_SHORT_TABLE) > 0 ? 0 : table;
    }
}
