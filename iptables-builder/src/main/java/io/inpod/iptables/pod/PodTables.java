package io.inpod.iptables.pod;

import static io.inpod.iptables.Match.header;
import static io.inpod.iptables.Match.protocol;
import static io.inpod.iptables.Protocol.TCP;

import io.inpod.iptables.Match;
import io.inpod.iptables.MultiportMatch;
import io.inpod.iptables.OwnerUserMatch;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Rule;
import io.inpod.iptables.Side;
import io.inpod.iptables.Target;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The two kinds of tables for which a pod's rules are laid out: the names of the chains, and the few rules that Istio writes differently.
 * The names are those that are found in pods; a changed name would leave the rules of earlier versions behind.
 */
enum PodTables {
    /** The tables of iptables: one rule set for each family. */
    IPTABLES("ISTIO_PRERT", "ISTIO_OUTPUT", "INPOD_GUARD", "INPOD_INBOUND", "INPOD_OWNER", "INPOD_REJECT", "INPOD_ADMIT", "INPOD_PORTS",
            "INPOD_FORWARD", "INPOD_LINK"),
    /** {@code inet} tables: one rule set for both families. */
    INET("istio-prerouting", "istio-output", "inpod-guard", "inpod-inbound", "inpod-owner", "inpod-reject", "inpod-admit", "inpod-ports",
            "inpod-forward", "inpod-link");

    private static final Target ACCEPT = new Target.Accept();
    private static final Match IS_TCP = protocol(TCP);
    private static final Match WHOLE_TCP = header(TCP);
    private static final Match OF_ANY_USER = new OwnerUserMatch(0, HostProbe.LAST_USER, false);

    /** Redirection of inbound packets. */
    final PodChain inbound;
    /** Redirection of outbound packets. */
    final PodChain outbound;
    /** The guard for outbound packets. */
    final PodChain guard;
    /** The guard for inbound packets. */
    final PodChain inboundGuard;
    /** The guard for the proxy's mark. */
    final PodChain markGuard;
    /** Rejection of a family. */
    final PodChain rejection;
    /** Where the guard marks the connections that it admits. */
    final PodChain admission;
    /** Keeps the proxy's ports for the proxy. */
    final PodChain ports;
    /** The guard for packets that a gateway forwards. */
    final PodChain forwarded;

    /** Refuses connections to link-local addresses. */
    final PodChain link;

    PodTables(String inbound, String outbound, String guard, String inboundGuard, String markGuard, String rejection,
            String admission, String ports, String forwarded, String link) {
        this.inbound = PodChain.of(inbound);
        this.outbound = PodChain.of(outbound);
        this.guard = PodChain.of(guard);
        this.inboundGuard = PodChain.of(inboundGuard);
        this.markGuard = PodChain.of(markGuard);
        this.rejection = PodChain.of(rejection);
        this.admission = PodChain.of(admission);
        this.ports = PodChain.of(ports);
        this.forwarded = PodChain.of(forwarded);
        this.link = PodChain.of(link);
    }

    /** The names of all chains of both kinds. */
    static Set<String> allChains() {
        Set<String> chains = new TreeSet<>();
        for (PodTables tables : values()) {
            for (PodChain chain : List.of(tables.inbound, tables.outbound, tables.guard, tables.inboundGuard, tables.markGuard,
                    tables.rejection, tables.admission, tables.ports, tables.forwarded, tables.link)) {
                chains.add(chain.name());
            }
        }
        return chains;
    }

    /** Accepts TCP of an address; with iptables Istio also asks that the header is whole ({@code -m tcp}). */
    Rule acceptTcp(Match address) {
        return this == IPTABLES ? Rule.of(ACCEPT, address, IS_TCP, WHOLE_TCP) : Rule.of(ACCEPT, address, IS_TCP);
    }

    /**
     * Rules for TCP to some ports: with iptables one with a condition on all of them, in {@code inet} tables one for each, because a set of
     * ports costs more than their rules, and 16 KiB of the kernel's memory.
     */
    List<ScopedRule> toPorts(Target target, List<Ports> ports) {
        List<List<Ports>> conditions = this == IPTABLES ? List.of(ports) : ports.stream().map(List::of).toList();
        return conditions.stream()
                .map(some -> ScopedRule.of(Rule.of(target, IS_TCP, MultiportMatch.of(TCP, Side.DESTINATION, some, false))))
                .toList();
    }

    /** The condition that a socket of the pod sends the packet; nft knows only its user. */
    Match sent() {
        return this == IPTABLES ? Match.ownedBySocket() : OF_ANY_USER;
    }

    /** A rule on a mark and a port: with iptables Istio asks for the mark first, with nft for the port. */
    Rule markAndPort(Target target, Match protocol, Match mark, Match port) {
        return this == IPTABLES ? Rule.of(target, protocol, mark, port) : Rule.of(target, protocol, port, mark);
    }
}
