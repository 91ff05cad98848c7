package io.inpod.netlink;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The routes of one namespace, in all tables. */
public final class Routes {
    private static final int NEW_ROUTE = 24;
    private static final int DELETE_ROUTE = 25;
    private static final int GET_ROUTE = 26;
    private static final int RTMSG_BYTES = 12;
    private static final int RTA_DST = 1;
    private static final int RTA_OIF = 4;
    private static final int RTA_GATEWAY = 5;
    private static final int RTA_TABLE = 15;
    private static final int PROTOCOL_BOOT = 3;
    private static final int SCOPE_UNIVERSE = 0;
    private static final int SCOPE_LINK = 253;
    private static final int SCOPE_HOST = 254;
    private static final int SCOPE_NOWHERE = 255;

    private final NetlinkSocket socket;
    private final Links links;

    Routes(NetlinkSocket socket, Links links) {
        this.socket = socket;
        this.links = links;
    }

    /**
     * Adds a route.
     *
     * @param route which
     * @throws NetlinkException ({@link NetlinkException#alreadyExists()}) if there is one to the same destination in the table
     * @throws IOException if the kernel refuses
     */
    public void add(Route route) throws IOException {
        int scope = route.type() == Route.Type.LOCAL ? SCOPE_HOST : route.gateway() == null ? SCOPE_LINK : SCOPE_UNIVERSE;
        socket.execute(fill(new NetlinkRequest("add route", route.toString(), NEW_ROUTE, NetlinkRequest.CREATE | NetlinkRequest.EXCLUSIVE), route,
                PROTOCOL_BOOT, scope));
    }

    /**
     * Deletes a route.
     *
     * @param route which
     * @throws NetlinkException ({@link NetlinkException#notFound()}) if it isn't there
     * @throws IOException if the kernel refuses
     */
    public void delete(Route route) throws IOException {
        socket.execute(fill(new NetlinkRequest("delete route", route.toString(), DELETE_ROUTE, 0), route, 0, SCOPE_NOWHERE));
    }

    private NetlinkRequest fill(NetlinkRequest request, Route route, int protocol, int scope) throws IOException {
        request.u8(route.family().number()).u8(route.prefixLength()).u8(0).u8(0)
                .u8(Integer.compareUnsigned(route.table(), 255) > 0 ? 0 : route.table()).u8(protocol).u8(scope)
                .u8(route.type() == Route.Type.LOCAL ? 2 : 1).u32(0)
                .u32(RTA_TABLE, route.table());
        InetAddress destination = route.destination();
        if (destination != null) {
            request.bytes(RTA_DST, destination.getAddress());
        }
        InetAddress gateway = route.gateway();
        if (gateway != null) {
            request.bytes(RTA_GATEWAY, gateway.getAddress());
        }
        String link = route.link();
        if (link != null) {
            request.u32(RTA_OIF, links.get(link).index());
        }
        return request;
    }

    /**
     * Lists the unicast and local routes of one table.
     *
     * @param family whose
     * @param table number of the routing table
     * @return its routes, as the kernel orders them
     * @throws IOException if the kernel refuses
     */
    public List<Route> list(IpFamily family, int table) throws IOException {
        List<Link> known = links.list();
        NetlinkRequest request = new NetlinkRequest("list routes", "table " + table, GET_ROUTE, 0)
                .u8(family.number()).u8(0).u8(0).u8(0).u8(0).u8(0).u8(0).u8(0).u32(0);
        List<Route> found = new ArrayList<>();
        for (NetlinkMessage message : socket.dump(request)) {
            Route route = parse(message, family, known);
            if (route != null && route.table() == table) {
                found.add(route);
            }
        }
        return List.copyOf(found);
    }

    private static @Nullable Route parse(NetlinkMessage message, IpFamily family, List<Link> known) throws IOException {
        Map<Integer, ByteBuffer> attributes = message.attributes(RTMSG_BYTES);
        int type = message.payload().get(7);
        if (message.payload().get(0) != family.number() || type != 1 && type != 2) {
            return null;
        }
        int index = NetlinkMessage.u32(attributes.get(RTA_OIF), 0);
        String link = known.stream().filter(l -> l.index() == index).map(Link::name).findFirst().orElse(null);
        InetAddress destination = address(attributes.get(RTA_DST));
        int table = NetlinkMessage.u32(attributes.get(RTA_TABLE), message.payload().get(4) & 0xff);
        return new Route(family, type == 2 ? Route.Type.LOCAL : Route.Type.UNICAST, destination,
                destination == null ? 0 : message.payload().get(1) & 0xff, address(attributes.get(RTA_GATEWAY)), link, table);
    }

    private static @Nullable InetAddress address(@Nullable ByteBuffer attribute) throws IOException {
        return attribute == null ? null : InetAddress.getByAddress(NetlinkMessage.bytes(attribute));
    }
}
