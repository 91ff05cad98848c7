package io.inpod.netlink;

import io.inpod.netns.IpFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Compares routes: as a whole, and as the kernel does when one is to be deleted. */
final class RouteMatch {
    private RouteMatch() {}

    /** Whether a listed route is the one that a caller describes; where the caller names no link, the kernel has chosen one. */
    static boolean same(Route wanted, Route listed) {
        List<@Nullable String> links = new ArrayList<>(wanted.links());
        List<@Nullable String> chosen = listed.links();
        for (int i = 0; i < links.size() && links.size() == chosen.size(); i++) {
            links.set(i, links.get(i) == null ? chosen.get(i) : links.get(i));
        }
        return wanted.withLinks(links).equals(listed);
    }

    /**
     * Whether a request to delete a listed route fits another one of the same table, as the kernel compares them: fib_table_delete in
     * net/ipv4/fib_trie.c, ip6_route_del in net/ipv6/route.c. What the request has not is "any".
     */
    static boolean hits(Route deleted, Route other) {
        boolean sameNetwork = deleted.family() == other.family() && deleted.prefixLength() == other.prefixLength()
                && Objects.equals(deleted.destination(), other.destination());
        boolean sameMaker = deleted.protocol() == 0 || deleted.protocol() == other.protocol();
        return sameNetwork && sameMaker && (deleted.family() == IpFamily.V4 ? hits4(deleted, other) : hits6(deleted, other));
    }

    private static boolean hits4(Route deleted, Route other) {
        return deleted.tos() == other.tos() && deleted.type() == other.type()
                && (deleted.metric() == 0 || deleted.metric() == other.metric())
                && (deleted.source() == null || deleted.source().equals(other.source()))
                && (deleted.mtu() == 0 || deleted.mtu() == other.mtu())
                && hopsBegin(hops(deleted), hops(other));
    }

    /** The kernel compares as many hops as both have. */
    private static boolean hopsBegin(List<NextHop> deleted, List<NextHop> other) {
        for (int i = 0; i < Math.min(deleted.size(), other.size()); i++) {
            if (!hits(deleted.get(i), other.get(i))) {
                return false;
            }
        }
        return true;
    }

    /** IPv6 compares neither types nor sources, and deletes one of several hops. */
    private static boolean hits6(Route deleted, Route other) {
        return deleted.metric() == other.metric() && (!deleted.hops().isEmpty() || hops(deleted).isEmpty() || hops(other).isEmpty()
                || hops(other).stream().anyMatch(hop -> hits(hops(deleted).get(0), hop)));
    }

    private static boolean hits(NextHop deleted, NextHop other) {
        return (deleted.link() == null || deleted.link().equals(other.link()))
                && (deleted.gateway() == null || deleted.gateway().equals(other.gateway()));
    }

    /** Several hops, one, or none for a route that leads nowhere. */
    private static List<NextHop> hops(Route route) {
        return !route.hops().isEmpty() || route.gateway() == null && route.link() == null ? route.hops()
                : List.of(new NextHop(route.gateway(), route.link(), 1, false));
    }
}
