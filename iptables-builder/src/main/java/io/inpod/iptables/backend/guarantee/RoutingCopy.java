package io.inpod.iptables.backend.guarantee;

import io.inpod.netlink.PolicyRule;
import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Gives a twin the policy routing of a pod: its rules, and the routes of the tables that they look up. The tables main and local are the
 * twin's own, and a route to a gateway leads to the twin's.
 */
final class RoutingCopy {
    private static final int FIRST_OF_THE_KERNEL = 253;
    private static final int LAST_OF_THE_KERNEL = 255;
    private static final String LOOPBACK = "lo";

    private final Rtnetlink from;
    private final Rtnetlink to;

    private RoutingCopy(Rtnetlink from, Rtnetlink to) {
        this.from = from;
        this.to = to;
    }

    static void between(NetworkNamespace pod, NetworkNamespace twin, IpFamily family, InetAddress gateway) throws IOException {
        try (Rtnetlink from = Rtnetlink.open(pod); Rtnetlink to = Rtnetlink.open(twin)) {
            new RoutingCopy(from, to).copy(family, gateway);
        } catch (IOException | IllegalArgumentException e) {
            throw new IOException("the policy routing of " + pod + " can't be copied: " + e.getMessage(), e);
        }
    }

    /** The routes before the rules, so that no packet is looked up in an empty table. */
    private void copy(IpFamily family, InetAddress gateway) throws IOException {
        List<PolicyRule> wanted = from.rules().list(family);
        List<PolicyRule> found = to.rules().list(family);
        Set<Integer> tables = new LinkedHashSet<>();
        wanted.stream().filter(rule -> rule.action() == PolicyRule.Action.LOOKUP).forEach(rule -> tables.add(rule.table()));
        tables.removeIf(table -> table >= FIRST_OF_THE_KERNEL && table <= LAST_OF_THE_KERNEL);
        for (int table : tables) {
            for (Route route : from.routes().list(family, table)) {
                to.routes().add(route.type() != Route.Type.UNICAST && (route.link() == null || route.link().equals(LOOPBACK)) ? route
                        : elsewhere(route, gateway));
            }
        }
        List<PolicyRule> missing = new ArrayList<>(wanted);
        missing.removeAll(found);
        for (PolicyRule rule : missing) {
            to.rules().add(rule);
        }
        for (PolicyRule rule : found) {
            if (!wanted.contains(rule)) {
                to.rules().delete(rule);
            }
        }
    }

    /** The same route, out of a twin that lacks the pod's interfaces. */
    private static Route elsewhere(Route route, InetAddress gateway) {
        return new Route(route.family(), route.type(), route.destination(), route.prefixLength(),
                route.type() == Route.Type.UNICAST ? gateway : null, route.type() == Route.Type.UNICAST ? null : LOOPBACK, route.table());
    }
}
