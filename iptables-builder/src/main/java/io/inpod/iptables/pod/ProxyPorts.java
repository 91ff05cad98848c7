package io.inpod.iptables.pod;

import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Hook;
import io.inpod.iptables.Match;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.RejectWith;
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
 * Keeps the proxy's ports for the proxy, in filter INPUT: what is sent to them is refused unless the socket that would receive it has
 * IP_TRANSPARENT, as all sockets of the proxy must have. A process needs CAP_NET_ADMIN or CAP_NET_RAW to set it. So an ordinary process
 * that takes a port while the proxy is away, or before it has come, gets none of the pod's connections and DNS queries.
 *
 * <p>Every packet is judged, not only the first of a connection: the first segment may find a socket of a proxy that has ended, in
 * TIME-WAIT, which is still transparent, and the kernel then gives the connection to the listener that has the port now. The second segment
 * finds the connection itself, which is what its listener was. The same holds for the answer to a SYN cookie, which finds the listener.
 */
final class ProxyPorts {
    private static final Match TCP = Match.protocol(Protocol.TCP);
    private static final Match UDP = Match.protocol(Protocol.UDP);
    /** One condition for the bulk of packets, whose ports lie outside; the chain knows the ports. */
    private static final Ports ALL = new Ports(InPodConstants.OUTBOUND_PORT, InPodConstants.HBONE_PORT);
    private static final Ports DNS = Ports.of(InPodConstants.DNS_PORT);
    private static final Target RESET = new Target.Reject(RejectWith.TCP_RESET);
    private static final ScopedRule PROXYS = ScopedRule.of(Rule.of(new Target.Return(), new SocketMatch(true, true)));
    private static final ScopedRule OUTBOUND = tcp(RESET, Ports.of(InPodConstants.OUTBOUND_PORT));
    private static final ScopedRule PLAINTEXT = tcp(RESET, Ports.of(InPodConstants.INBOUND_PLAINTEXT_PORT));
    private static final ScopedRule HBONE = tcp(RESET, Ports.of(InPodConstants.HBONE_PORT));
    private static final ScopedRule DNS_TCP = tcp(RESET, DNS);
    private static final ScopedRule DNS_UDP = udp(new Target.Reject(RejectWith.PORT_UNREACHABLE), DNS);

    private static final Map<PodTables, ProxyPorts> BY_KIND =
            new EnumMap<>(Map.of(PodTables.IPTABLES, new ProxyPorts(PodTables.IPTABLES), PodTables.INET, new ProxyPorts(PodTables.INET)));

    private final PodChain chain;
    private final ScopedRule jump;
    private final ScopedRule jumpDnsTcp;
    private final ScopedRule jumpDnsUdp;

    private ProxyPorts(PodTables kind) {
        chain = kind.ports;
        Target target = new Target.Jump(chain.name());
        jump = tcp(target, ALL);
        jumpDnsTcp = tcp(target, DNS);
        jumpDnsUdp = udp(target, DNS);
    }

    private static ScopedRule tcp(Target target, Ports ports) {
        return ScopedRule.of(Rule.of(target, TCP, Match.destinationPort(Protocol.TCP, ports)));
    }

    private static ScopedRule udp(Target target, Ports ports) {
        return ScopedRule.of(Rule.of(target, UDP, Match.destinationPort(Protocol.UDP, ports)));
    }

    /** Adds the rules for one redirection in the tables of iptables, or for one or two in {@code inet} tables. */
    static void add(Draft tables, PodTables kind, List<InPodRedirection> redirections) {
        Objects.requireNonNull(BY_KIND.get(kind)).add(tables, redirections);
    }

    private void add(Draft tables, List<InPodRedirection> redirections) {
        FamilyScope scope = InPodRedirection.scope(redirections);
        List<InPodRedirection> inbound = redirections.stream().filter(redirection -> !redirection.ingress()).toList();
        List<InPodRedirection> dns = redirections.stream().filter(InPodRedirection::dnsCapture).toList();
        // in inet tables UDP of both families is captured, even if only one is redirected
        FamilyScope queries = dns.size() == redirections.size() ? tables.scope() : scope;
        List<Rule> rules = new ArrayList<>();
        rules.add(PROXYS.in(queries));
        rules.add(OUTBOUND.in(scope));
        if (!inbound.isEmpty()) {
            rules.add(PLAINTEXT.in(InPodRedirection.scope(inbound)));
        }
        rules.add(HBONE.in(scope));
        tables.add(TableName.FILTER, Hook.INPUT, jump.in(scope));
        if (!dns.isEmpty()) {
            tables.add(TableName.FILTER, Hook.INPUT, jumpDnsTcp.in(scope));
            tables.add(TableName.FILTER, Hook.INPUT, jumpDnsUdp.in(queries));
            rules.add(DNS_TCP.in(scope));
            rules.add(DNS_UDP.in(queries));
        }
        tables.add(TableName.FILTER, chain, rules);
    }
}
