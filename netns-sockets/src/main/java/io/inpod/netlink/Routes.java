package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import io.inpod.netns.internal.NetlinkStructs.Rtmsg;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The routes of one namespace, in all tables. */
public final class Routes {
    private static final int ADD = NetlinkRequest.CREATE | NetlinkRequest.EXCLUSIVE;
    private static final int REPLACE = NetlinkRequest.CREATE | NetlinkRequest.REPLACE;

    private final NetlinkSocket socket;
    private final Links links;

    Routes(NetlinkSocket socket, Links links) {
        this.socket = socket;
        this.links = links;
    }

    /**
     * Adds a route.
     *
     * @param route the route to add
     * @throws NetlinkException ({@link NetlinkException#alreadyExists()}) if the table has a route to the same destination with the same
     *     metric
     * @throws IOException if the kernel refuses
     */
    public void add(Route route) throws IOException {
        addAll(List.of(route));
    }

    /**
     * Adds many routes at once, which is much faster than one by one. This isn't a transaction: the routes that the kernel doesn't refuse
     * are added.
     *
     * @param routes the routes to add, any number
     * @throws NetlinkException for the first request that the kernel refused; those for the others are suppressed in it
     * @throws IOException if an interface doesn't exist, and as {@link NetlinkSocket#executeAll}
     */
    public void addAll(List<Route> routes) throws IOException {
        execute("add route", RouteMessages.NEW, ADD, routes);
    }

    /**
     * Adds a route. Replaces the route to the same destination with the same metric in the table if there is one.
     *
     * @param route the new route
     * @throws IOException if the kernel refuses
     */
    public void replace(Route route) throws IOException {
        execute("replace route", RouteMessages.NEW, REPLACE, List.of(route));
    }

    /**
     * Deletes a route.
     *
     * @param route the route to delete; with metric 0, the first one of any metric
     * @throws NetlinkException ({@link NetlinkException#notFound()}) if it doesn't exist
     * @throws IOException if the kernel refuses
     */
    public void delete(Route route) throws IOException {
        deleteAll(List.of(route));
    }

    /**
     * Deletes many routes at once, see {@link #addAll}.
     *
     * @param routes the routes to delete, any number
     * @throws NetlinkException for the first route that didn't exist or that the kernel refused to delete; those for the others are
     *     suppressed in it
     * @throws IOException as {@link #addAll}
     */
    public void deleteAll(List<Route> routes) throws IOException {
        execute("delete route", RouteMessages.DELETE, 0, routes);
    }

    private void execute(String operation, int type, int flags, List<Route> routes) throws IOException {
        Map<String, Integer> indices = new HashMap<>();
        List<NetlinkRequest> requests = new ArrayList<>(routes.size());
        for (Route route : routes) {
            String link = route.link();
            if (link != null && !indices.containsKey(link)) {
                indices.put(link, links.get(link).index());
            }
            int index = link == null ? 0 : indices.get(link);
            boolean delete = type == RouteMessages.DELETE;
            requests.add(RouteMessages.fill(new NetlinkRequest(operation, route, type, flags), route, index,
                    delete ? 0 : RouteMessages.PROTOCOL_BOOT, delete ? RouteMessages.SCOPE_NOWHERE : RouteMessages.scope(route)));
        }
        socket.executeAll(requests);
    }

    /**
     * Lists the routes of one table, except those that only the kernel creates, such as broadcast. A route with several next hops is
     * listed once for each.
     *
     * @param family the family of the routes
     * @param table number of the routing table
     * @return the routes, in the kernel's order; none if there is no such table
     * @throws IOException if the kernel refuses
     */
    public List<Route> list(IpFamily family, int table) throws IOException {
        NetlinkRequest request = header(family, "table " + Integer.toUnsignedString(table)).u32(RouteMessages.TABLE, table);
        try {
            return list(request, family).stream().filter(route -> route.table() == table).toList();
        } catch (NetlinkException e) {
            if (e.notFound()) {
                return List.of();
            }
            throw e;
        }
    }

    /**
     * Lists the routes of all tables, as {@link #list(IpFamily, int)} does.
     *
     * @param family the routes' family
     * @return the routes, in the kernel's order
     * @throws IOException if the kernel refuses
     */
    public List<Route> list(IpFamily family) throws IOException {
        return list(header(family, "all tables"), family);
    }

    private static NetlinkRequest header(IpFamily family, String subject) {
        return new NetlinkRequest("list routes", subject, RouteMessages.GET, 0).struct(Rtmsg.STRUCT).set(Rtmsg.FAMILY, family.number());
    }

    private List<Route> list(NetlinkRequest request, IpFamily family) throws IOException {
        List<NetlinkMessage> messages = socket.dump(request);
        LinkNames names = LinkNames.of(links.list());
        List<Route> found = new ArrayList<>();
        for (NetlinkMessage message : messages) {
            RouteMessages.parse(message, names).stream().filter(route -> route.family() == family).forEach(found::add);
        }
        return List.copyOf(found);
    }
}
