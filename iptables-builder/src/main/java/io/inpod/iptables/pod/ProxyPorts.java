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
import io.inpod.iptables.TcpFlags;
import io.inpod.netns.InPodConstants;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps the proxy's ports for the proxy, in filter INPUT: connections to them are refused unless the socket that would accept them has
 * IP_TRANSPARENT, as all listeners of the proxy have. A process needs CAP_NET_ADMIN or CAP_NET_RAW to set it. So an ordinary process that
 * takes a port while the proxy is away, or before it has come, gets none of the pod's connections.
 *
 * <p>Only the first segment of a connection is judged: what it has created belongs to the listener that was found for it.
 */
final class ProxyPorts {
    private static final Match TCP = Match.protocol(Protocol.TCP);
    private static final Match FIRST = Match.flags(TcpFlags.syn());
    private static final ScopedRule TO_IPTABLES = jump(PodTables.IPTABLES);
    private static final ScopedRule TO_INET = jump(PodTables.INET);
    private static final ScopedRule PROXYS = ScopedRule.of(Rule.of(new Target.Return(), TCP, new SocketMatch(true, true)));
    private static final ScopedRule OUTBOUND = foreign(InPodConstants.OUTBOUND_PORT);
    private static final ScopedRule PLAINTEXT = foreign(InPodConstants.INBOUND_PLAINTEXT_PORT);
    private static final ScopedRule HBONE = foreign(InPodConstants.HBONE_PORT);

    private ProxyPorts() {}

    private static ScopedRule jump(PodTables kind) {
        return ScopedRule.of(Rule.of(new Target.Jump(kind.ports.name()), TCP, FIRST));
    }

    private static ScopedRule foreign(int port) {
        return ScopedRule.of(Rule.of(new Target.Reject(RejectWith.TCP_RESET), TCP, Match.destinationPort(Protocol.TCP, Ports.of(port))));
    }

    /** Adds the rules for one redirection in the tables of iptables, or for one or two in {@code inet} tables. */
    static void add(Draft tables, PodTables kind, List<InPodRedirection> redirections) {
        FamilyScope scope = scope(redirections);
        List<InPodRedirection> inbound = redirections.stream().filter(redirection -> !redirection.ingress()).toList();
        List<Rule> rules = new ArrayList<>(List.of(PROXYS.in(scope), OUTBOUND.in(scope)));
        if (!inbound.isEmpty()) {
            rules.add(PLAINTEXT.in(scope(inbound)));
        }
        rules.add(HBONE.in(scope));
        tables.add(TableName.FILTER, Hook.INPUT, (kind == PodTables.IPTABLES ? TO_IPTABLES : TO_INET).in(scope));
        tables.add(TableName.FILTER, kind.ports, rules);
    }

    private static FamilyScope scope(List<InPodRedirection> redirections) {
        return redirections.size() > 1 ? FamilyScope.BOTH : FamilyScope.of(redirections.get(0).family());
    }
}
