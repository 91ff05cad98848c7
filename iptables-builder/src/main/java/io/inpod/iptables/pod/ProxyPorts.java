package io.inpod.iptables.pod;

import io.inpod.iptables.Chain;
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
    private static final Rule PROXYS = Rule.of(new Target.Return(), TCP, new SocketMatch(true, true));

    private ProxyPorts() {}

    /** Returns the name of the chain, which is one of those in {@link PodTables#allChains}. */
    static String chain(PodTables kind) {
        return kind == PodTables.IPTABLES ? "INPOD_PORTS" : "inpod-ports";
    }

    /** Adds the rules for one redirection in the tables of iptables, or for one or two in {@code inet} tables. */
    static void add(Draft tables, PodTables kind, List<InPodRedirection> redirections) {
        List<Rule> rules = new ArrayList<>(List.of(PROXYS));
        for (int port : new int[] {InPodConstants.OUTBOUND_PORT, InPodConstants.INBOUND_PLAINTEXT_PORT, InPodConstants.HBONE_PORT}) {
            Rule foreign = Rule.of(new Target.Reject(RejectWith.TCP_RESET), TCP, Match.destinationPort(Protocol.TCP, Ports.of(port)));
            List<InPodRedirection> some = redirections.stream()
                    .filter(redirection -> port != InPodConstants.INBOUND_PLAINTEXT_PORT || !redirection.ingress()).toList();
            if (some.size() == 2) {
                rules.add(foreign);
            } else {
                some.forEach(redirection -> rules.add(Draft.only(foreign, redirection.family())));
            }
        }
        tables.add(TableName.FILTER, Chain.of(Hook.INPUT.name(), Rule.of(new Target.Jump(chain(kind)), TCP, FIRST)),
                new Chain(chain(kind), rules));
    }
}
