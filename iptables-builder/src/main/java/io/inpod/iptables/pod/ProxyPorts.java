package io.inpod.iptables.pod;

import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Hook;
import io.inpod.iptables.Match;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Rule;
import io.inpod.iptables.SocketMatch;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.netns.InPodConstants;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Keeps the proxy's ports for the proxy, in mangle INPUT: TCP segments to them, and DNS queries, are dropped if they belong to a socket
 * without IP_TRANSPARENT, as all sockets of the proxy have and a process without CAP_NET_ADMIN and CAP_NET_RAW can't have. Otherwise a
 * process that takes a port, before the proxy has come or while it is away, would be given the pod's connections and queries. Every segment
 * is judged, not only the first, because the first may belong to a socket of the dead proxy in TIME-WAIT, which is transparent, although
 * another socket listens by now. Where no socket is, the kernel refuses as always.
 */
final class ProxyPorts {
    private static final List<Rule> RULES = List.of(Rule.of(new Target.Return(), new SocketMatch(true, true)),
            Rule.of(new Target.Drop(), new SocketMatch(false, true)));
    private static final int INGRESS = 1;
    private static final int DNS = 2;
    private static final Map<PodTables, ProxyPorts> BY_KIND =
            new EnumMap<>(Map.of(PodTables.IPTABLES, new ProxyPorts(PodTables.IPTABLES), PodTables.INET, new ProxyPorts(PodTables.INET)));

    private final PodChain chain;
    private final List<List<ScopedRule>> jumps = new ArrayList<>();
    private final ScopedRule queries;

    private ProxyPorts(PodTables kind) {
        chain = kind.ports;
        queries = ScopedRule.of(Rule.of(new Target.Jump(chain.name()), Match.protocol(Protocol.UDP),
                Match.destinationPort(Protocol.UDP, Ports.of(InPodConstants.DNS_PORT))));
        for (int options = 0; options <= (INGRESS | DNS); options++) {
            List<Ports> ports = new ArrayList<>(List.of(Ports.of(InPodConstants.OUTBOUND_PORT), Ports.of(InPodConstants.HBONE_PORT)));
            if ((options & INGRESS) == 0) {
                ports.add(Ports.of(InPodConstants.INBOUND_PLAINTEXT_PORT));
            }
            if ((options & DNS) != 0) {
                ports.add(Ports.of(InPodConstants.DNS_PORT));
            }
            jumps.add(kind.toPorts(new Target.Jump(chain.name()), ports));
        }
    }

    private List<ScopedRule> jumps(InPodRedirection redirection) {
        return jumps.get((redirection.ingress() ? INGRESS : 0) | (redirection.dnsCapture() ? DNS : 0));
    }

    /** Adds the rules for one redirection in the tables of iptables, or for one or two in {@code inet} tables. */
    static void add(Draft tables, PodTables kind, List<InPodRedirection> redirections) {
        Objects.requireNonNull(BY_KIND.get(kind)).add(tables, redirections);
    }

    private void add(Draft tables, List<InPodRedirection> redirections) {
        List<ScopedRule> first = jumps(redirections.get(0));
        if (redirections.size() > 1 && first.equals(jumps(redirections.get(1)))) {
            first.forEach(rule -> tables.add(TableName.MANGLE, Hook.INPUT, rule.in(FamilyScope.BOTH)));
        } else {
            redirections.forEach(redirection -> jumps(redirection)
                    .forEach(rule -> tables.add(TableName.MANGLE, Hook.INPUT, rule.in(FamilyScope.of(redirection.family())))));
        }
        List<InPodRedirection> dns = redirections.stream().filter(InPodRedirection::dnsCapture).toList();
        if (!dns.isEmpty()) { // in inet tables UDP of both families is captured, even if only one is redirected
            FamilyScope scope = dns.size() == redirections.size() ? tables.scope() : InPodRedirection.scope(dns);
            tables.add(TableName.MANGLE, Hook.INPUT, queries.in(scope));
        }
        tables.add(TableName.MANGLE, chain, RULES);
    }
}
