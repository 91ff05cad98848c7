package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import io.inpod.netns.internal.NetlinkStructs.Rtmsg;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The routes of one namespace, in all tables. A route is deleted as a whole: the table is listed first and compared, because the kernel
 * takes everything that a request leaves out for "any".
 */
public final class Routes {
    private static final int ADD = NetlinkRequest.CREATE | NetlinkRequest.EXCLUSIVE;
    private static final int REPLACE = NetlinkRequest.CREATE | NetlinkRequest.REPLACE;

    private static final int ESRCH = 3;

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
     *     metric and type of service
     * @throws IOException if the kernel refuses
     * @throws IllegalArgumentException if the route has {@linkplain Route#others what can't be added}
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
     * @throws IllegalArgumentException as for {@link #add}; nothing has been added then
     */
    public void addAll(List<Route> routes) throws IOException {
        create("add route", ADD, routes);
    }

    /**
     * Adds a route. Replaces the route to the same destination with the same metric and type of service in the table if there is one,
     * whoever made it.
     *
     * @param route the new route
     * @throws IOException if the kernel refuses
     * @throws IllegalArgumentException as for {@link #add}
     */
    public void replace(Route route) throws IOException {
        create("replace route", REPLACE, List.of(route));
    }

    private void create(String operation, int flags, List<Route> routes) throws IOException {
        routes.forEach(Routes::check);
        Map<String, Integer> indices = new HashMap<>();
        List<NetlinkRequest> requests = new ArrayList<>(routes.size());
        for (Route route : routes) {
            requests.add(
                    RouteMessages.fill(new NetlinkRequest(operation, route, RouteMessages.NEW, flags), resolve(route, indices), indices));
        }
        socket.executeAll(requests);
    }

    /** Looks its links up, once for each name. Returns the route with the links' own names instead of alternative ones. */
    private Route resolve(Route route, Map<String, Integer> indices) throws IOException {
        List<@Nullable String> names = route.links();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            if (name != null && !indices.containsKey(name)) {
                Link link = links.get(name);
                indices.put(link.name(), link.index());
                names = new ArrayList<>(names);
                names.set(i, link.name());
            }
        }
        return names.equals(route.links()) ? route : route.withLinks(names);
    }

    private static void check(Route route) {
        if (!route.others().isEmpty()) {
            throw new IllegalArgumentException("\"" + route + "\" has what isn't represented in full, and would be lost: "
                    + String.join(", ", new TreeSet<>(route.others())));
        }
    }

    /**
     * Deletes a route: this one, and none that only resembles it, such as one with another source or protocol. Where it names no link,
     * that is the one that the kernel has chosen.
     *
     * @param route the route to delete
     * @throws NetlinkException ({@link NetlinkException#notFound()}) if it doesn't exist
     * @throws IOException if the kernel refuses, or would delete another route to the same destination, which comes first and has more:
     *     nothing is deleted then
     * @throws IllegalArgumentException if the route has {@linkplain Route#others what can't be deleted}
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
     * @throws IOException as {@link #delete} and {@link #addAll}
     * @throws IllegalArgumentException as for {@link #delete}; nothing has been deleted then
     */
    public void deleteAll(List<Route> routes) throws IOException {
        routes.forEach(Routes::check);
        Map<String, Integer> indices = new HashMap<>();
        Map<Table, Map<Network, List<Route>>> tables = new HashMap<>();
        Refusals refusals = new Refusals(socket);
        List<NetlinkRequest> requests = new ArrayList<>(routes.size());
        for (Route route : routes) {
            Route wanted = resolve(route, indices);
            Table table = new Table(route.family(), route.table());
            if (!tables.containsKey(table)) {
                tables.put(table, byNetwork(table));
            }
            List<Route> beside = tables.get(table).getOrDefault(Network.of(route), List.of());
            Route found = beside.stream().filter(listed -> RouteMatch.same(wanted, listed)).findFirst().orElse(null);
            if (found == null) {
                refusals.notFound("delete route", route, ESRCH, "no such route" + (beside.isEmpty() ? "" : "; to this network there is "
                        + beside.stream().map(listed -> "\"" + listed + "\"").collect(Collectors.joining(" and "))));
                continue;
            }
            Route first = beside.stream().filter(other -> RouteMatch.hits(found, other)).findFirst().orElse(found);
            if (first.equals(found)) {
                beside.remove(found);
                resolve(found, indices);
                requests.add(RouteMessages.fillDelete(new NetlinkRequest("delete route", route, RouteMessages.DELETE, 0), found, indices));
            } else {
                refusals.hidden("delete route", route, first);
            }
        }
        refusals.thenExecute(requests);
    }

    private record Table(IpFamily family, int number) {}

    private record Network(@Nullable InetAddress destination, int prefixLength) {
        static Network of(Route route) {
            return new Network(route.destination(), route.prefixLength());
        }
    }

    private Map<Network, List<Route>> byNetwork(Table table) throws IOException {
        Map<Network, List<Route>> byNetwork = new HashMap<>();
        for (Route route : listAny(table.family(), table.number(), true)) {
            byNetwork.computeIfAbsent(Network.of(route), none -> new ArrayList<>()).add(route);
        }
        return byNetwork;
    }

    /**
     * Lists the routes of one table, except those that only the kernel creates, such as broadcast.
     *
     * @param family the family of the routes
     * @param table number of the routing table
     * @return the routes, in the kernel's order; none if there is no such table
     * @throws IOException if the kernel refuses
     */
    public List<Route> list(IpFamily family, int table) throws IOException {
        return listAny(family, table, false);
    }

    private List<Route> listAny(IpFamily family, int table, boolean kernels) throws IOException {
        NetlinkRequest request = header(family, "table " + Integer.toUnsignedString(table)).u32(RouteMessages.TABLE, table);
        return list(request, family, kernels).stream().filter(route -> route.table() == table).toList();
    }

    /**
     * Lists the routes of all tables, as {@link #list(IpFamily, int)} does.
     *
     * @param family the routes' family
     * @return the routes, in the kernel's order
     * @throws IOException if the kernel refuses
     */
    public List<Route> list(IpFamily family) throws IOException {
        return list(header(family, "all tables"), family, false);
    }

    private static NetlinkRequest header(IpFamily family, String subject) {
        return new NetlinkRequest("list routes", subject, RouteMessages.GET, 0).struct(Rtmsg.STRUCT).set(Rtmsg.FAMILY, family.number());
    }

    private List<Route> list(NetlinkRequest request, IpFamily family, boolean kernels) throws IOException {
        List<NetlinkMessage> messages = socket.dumpIfPresent(request); // a table without routes may not exist
        if (messages.isEmpty()) {
            return List.of();
        }
        LinkNames names = LinkNames.of(links.list());
        List<Route> found = new ArrayList<>();
        for (NetlinkMessage message : messages) {
            Route route = kernels ? RouteParser.parseAny(message, names) : RouteParser.parse(message, names);
            if (route != null && route.family() == family) {
                found.add(route);
            }
        }
        return List.copyOf(found);
    }
}
