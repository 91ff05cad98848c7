package io.inpod.tproxy;

import io.inpod.netlink.Loopback;
import io.inpod.netlink.NetlinkException;
import io.inpod.netlink.PolicyRule;
import io.inpod.netlink.Route;
import io.inpod.netlink.Rtnetlink;
import io.inpod.netlink.RuleSelector;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NamespaceChange;
import io.inpod.netns.NetworkNamespace;
import io.inpod.tproxy.internal.NamespaceFiles;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Delivers marked packets to this host whatever their destination, so that transparent sockets receive packets for addresses that no
 * interface has. Consists of a rule that looks marked packets up in a separate routing table, and a local default route in that table. See
 * the kernel's Documentation/networking/tproxy.rst and ip-rule(8).
 *
 * <p>Needs CAP_NET_ADMIN over the namespace, and its loopback interface must be up. A foreign rule with the same priority, an earlier rule
 * that routes the same packets elsewhere, and a foreign route in the table are reported and left alone. Several may share a table: the
 * route stays until no rule looks the table up. If the loopback interface has no IPv6 (a kernel without it, or
 * {@code net.ipv6.conf.lo.disable_ipv6}), the kernel accepts no such route and delivers no such packets; IPv6 is left out then.
 *
 * @param mark the mark of the packets
 * @param mask the bits of the mark that are compared
 * @param priority the priority of the rule, 1 to 32765
 * @param table the number of the routing table, 1 to 2³²-1, which must not be used for anything else
 * @param families the address families to route, at least one
 */
public record PolicyRouting(int mark, int mask, int priority, int table, Set<IpFamily> families) implements NamespaceChange {
    private static final Path IPV6_OFF = Path.of("/proc/sys/net/ipv6/conf/lo/disable_ipv6");

    /** Istio's values, for both families: {@code fwmark 0x111/0xfff pref 32764 lookup 100}. */
    public static final PolicyRouting DEFAULT =
            new PolicyRouting(InPodConstants.TPROXY_MARK, InPodConstants.MARK_MASK, InPodConstants.RULE_PRIORITY,
                    InPodConstants.ROUTING_TABLE, Set.of(IpFamily.V4, IpFamily.V6));

    /**
     * Checks the ranges.
     *
     * @param mark see {@link PolicyRouting}
     * @param mask see {@link PolicyRouting}
     * @param priority see {@link PolicyRouting}
     * @param table see {@link PolicyRouting}
     * @param families see {@link PolicyRouting}
     * @throws IllegalArgumentException naming the value that is out of range
     */
    public PolicyRouting {
        if (families.isEmpty()) {
            throw new IllegalArgumentException("no address family");
        }
        if (mark == 0 || (mark & mask) != mark) {
            throw new IllegalArgumentException(
                    String.format("mark 0x%x/0x%x: it must not be 0, and must not have bits outside its mask", mark, mask));
        }
        if (priority < 1 || priority > 32765) {
            throw new IllegalArgumentException("priority must be 1 to 32765, not " + priority);
        }
        if (table == 0 || table >= 253 && table <= 255) {
            throw new IllegalArgumentException("table " + table + " is one of the kernel's own");
        }
        families = Set.copyOf(families);
    }

    /**
     * Returns routing for other address families.
     *
     * @param value at least one
     * @return a copy with these families
     */
    public PolicyRouting withFamilies(Set<IpFamily> value) {
        return new PolicyRouting(mark, mask, priority, table, value);
    }

    /** One half of a family's routing: the rule or the route. */
    private interface Part {
        boolean present() throws IOException;

        void add() throws IOException;

        void delete() throws IOException;
    }

    @Override
    public void install(NetworkNamespace namespace) throws IOException {
        installMissing(namespace);
    }

    @Override
    public boolean installMissing(NetworkNamespace namespace) throws IOException {
        try (Rtnetlink network = Rtnetlink.open(namespace)) {
            requireLoopback(namespace, network);
            Deque<Part> added = new ArrayDeque<>();
            try {
                for (Part part : parts(network, ipv6On(namespace))) {
                    if (!part.present()) {
                        part.add();
                        added.push(part);
                    }
                }
            } catch (IOException e) {
                removeAll(added).forEach(e::addSuppressed);
                throw e;
            }
            return !added.isEmpty();
        }
    }

    @Override
    public void verify(NetworkNamespace namespace) throws IOException {
        List<String> missing = new ArrayList<>();
        try (Rtnetlink network = Rtnetlink.open(namespace)) {
            requireLoopback(namespace, network);
            for (Part part : parts(network, ipv6On(namespace))) {
                if (!part.present()) {
                    missing.add(part.toString());
                }
            }
        }
        if (!missing.isEmpty()) {
            throw new IOException("policy routing in " + namespace + " lacks " + String.join(" and ", missing));
        }
    }

    @Override
    public boolean isInstalled(NetworkNamespace namespace) {
        try (Rtnetlink network = Rtnetlink.open(namespace)) {
            for (Part part : parts(network, ipv6On(namespace))) {
                if (!part.present()) {
                    return false;
                }
            }
            return Loopback.fault(network).isEmpty();
        } catch (IOException | RuntimeException e) {
            return false;
        }
    }

    @Override
    public void remove(NetworkNamespace namespace) throws IOException {
        try (Rtnetlink network = Rtnetlink.open(namespace)) {
            List<Part> parts = parts(network, hasIpv6(namespace));
            Collections.reverse(parts); // the rules first: a route that a rule still looks up is another's too
            List<IOException> failures = removeAll(parts);
            if (!failures.isEmpty()) {
                IOException failure =
                        new IOException("policy routing in " + namespace + " could not be removed completely", failures.get(0));
                failures.stream().skip(1).forEach(failure::addSuppressed);
                throw failure;
            }
        }
    }

    private static List<IOException> removeAll(Iterable<Part> parts) {
        List<IOException> failures = new ArrayList<>();
        for (Part part : parts) {
            try {
                part.delete();
            } catch (NetlinkException e) {
                if (!e.notFound()) {
                    failures.add(e);
                }
            } catch (IOException e) {
                failures.add(e);
            }
        }
        return failures;
    }

    /** The kernel adds the route of IPv4 even then, and only refuses that of IPv6. */
    private void requireLoopback(NetworkNamespace namespace, Rtnetlink network) throws IOException {
        Optional<String> fault = Loopback.fault(network);
        if (fault.isPresent()) {
            throw new IOException(this + " in " + namespace + " can't work: " + fault.get());
        }
    }

    private static boolean ipv6On(NetworkNamespace namespace) throws IOException {
        try {
            return NamespaceFiles.read(namespace, IPV6_OFF).startsWith("0");
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private static boolean hasIpv6(NetworkNamespace namespace) throws IOException {
        try {
            NamespaceFiles.read(namespace, IPV6_OFF);
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** The route before the rule, so that no packet is looked up in an empty table. */
    private List<Part> parts(Rtnetlink network, boolean ipv6) {
        List<Part> parts = new ArrayList<>();
        for (IpFamily family : EnumSet.copyOf(families)) {
            if (family == IpFamily.V6 && !ipv6) {
                continue;
            }
            parts.add(new RoutePart(network, Route.localDefault(family, Loopback.NAME, table)));
            parts.add(new RulePart(network, new PolicyRule(family, priority, mark, mask, table)));
        }
        return parts;
    }

    @Override
    public String toString() {
        return String.format("policy routing of mark 0x%x/0x%x by table %s", mark, mask, Integer.toUnsignedString(table));
    }

    private record RoutePart(Rtnetlink network, Route route) implements Part {
        @Override
        public boolean present() throws IOException {
            boolean present = false;
            Route foreign = null;
            for (Route other : network.routes().list(route.family(), route.table())) {
                if (other.equals(route)) {
                    present = true;
                    continue;
                }
                foreign = other;
            }
            if (foreign != null) {
                throw new IOException("another route is in the table of \"" + route + "\": \"" + foreign
                        + "\"; choose a table that is used for nothing else");
            }
            return present;
        }

        @Override
        public void add() throws IOException {
            network.routes().add(route);
        }

        @Override
        public void delete() throws IOException {
            if (network.rules().list(route.family()).stream().noneMatch(rule -> rule.table() == route.table())) {
                network.routes().delete(route);
            }
        }

        @Override
        public String toString() {
            return "route \"" + route + "\"";
        }
    }

    private record RulePart(Rtnetlink network, PolicyRule rule) implements Part {
        @Override
        public boolean present() throws IOException {
            boolean present = false;
            for (PolicyRule other : network.rules().list(rule.family())) {
                if (other.equals(rule)) {
                    present = true;
                } else if (other.priority() == rule.priority()) {
                    throw new IOException("another rule has the priority of \"" + rule + "\": \"" + other + "\"; choose another priority");
                } else if (takesAway(other)) {
                    throw new IOException("an earlier rule takes the packets of \"" + rule + "\": \"" + other
                            + "\"; choose a lower priority or another mark");
                }
            }
            return present;
        }

        /** Rules without a mark, such as the kernel's own for local addresses, don't count: they apply to all packets. */
        private boolean takesAway(PolicyRule other) {
            return Integer.compareUnsigned(other.priority(), rule.priority()) < 0 && other.mask() != 0
                    && ((rule.mark() ^ other.mark()) & other.mask()) == 0
                    && (rule.mask() & other.mask()) == other.mask() && other.table() != rule.table()
                    && other.selector().equals(RuleSelector.NONE);
        }

        @Override
        public void add() throws IOException {
            network.rules().add(rule);
        }

        @Override
        public void delete() throws IOException {
            network.rules().delete(rule);
        }

        @Override
        public String toString() {
            return "rule \"" + rule + "\"";
        }
    }
}
