package io.inpod.iptables.pod;

import static io.inpod.iptables.Match.header;
import static io.inpod.iptables.Match.protocol;
import static io.inpod.iptables.Protocol.TCP;

import io.inpod.iptables.Chain;
import io.inpod.iptables.Hook;
import io.inpod.iptables.Match;
import io.inpod.iptables.Rule;
import io.inpod.iptables.Target;
import java.util.Set;
import java.util.TreeSet;

/**
 * The two kinds of tables for which a pod's rules are laid out: the names of the chains, and the few rules that Istio writes differently.
 * The names are those that are found in pods; a changed name would leave the rules of earlier versions behind.
 */
enum PodTables {
    /** The tables of iptables: one rule set for each family. */
    IPTABLES("ISTIO_PRERT", "ISTIO_OUTPUT", "INPOD_GUARD", "INPOD_INBOUND", "INPOD_OWNER", "INPOD_REJECT"),
    /** {@code inet} tables: one rule set for both families. */
    INET("istio-prerouting", "istio-output", "inpod-guard", "inpod-inbound", "inpod-owner", "inpod-reject");

    /** Redirection of inbound packets. */
    final String inbound;
    /** Redirection of outbound packets. */
    final String outbound;
    /** The guard for outbound packets. */
    final String guard;
    /** The guard for inbound packets. */
    final String inboundGuard;
    /** The guard for the proxy's mark. */
    final String markGuard;
    /** Rejection of a family. */
    final String rejection;

    private final Chain toInbound;
    private final Chain toOutbound;

    PodTables(String inbound, String outbound, String guard, String inboundGuard, String markGuard, String rejection) {
        this.inbound = inbound;
        this.outbound = outbound;
        this.guard = guard;
        this.inboundGuard = inboundGuard;
        this.markGuard = markGuard;
        this.rejection = rejection;
        this.toInbound = jump(Hook.PREROUTING, inbound);
        this.toOutbound = jump(Hook.OUTPUT, outbound);
    }

    /** The names of all chains of both kinds. */
    static Set<String> allChains() {
        Set<String> chains = new TreeSet<>();
        for (PodTables tables : values()) {
            chains.add(ProxyPorts.chain(tables));
            chains.addAll(Set.of(tables.inbound, tables.outbound, tables.guard, tables.inboundGuard, tables.markGuard, tables.rejection));
        }
        return chains;
    }

    /** A built-in chain that leads to another. */
    static Chain jump(Hook hook, String chain) {
        return Chain.of(hook.name(), Rule.of(new Target.Jump(chain)));
    }

    Chain toInbound() {
        return toInbound;
    }

    Chain toOutbound() {
        return toOutbound;
    }

    /** Accepts TCP of an address; with iptables Istio also asks that the header is whole ({@code -m tcp}). */
    Rule acceptTcp(Match address) {
        Target accept = new Target.Accept();
        return this == IPTABLES ? Rule.of(accept, address, protocol(TCP), header(TCP)) : Rule.of(accept, address, protocol(TCP));
    }

    /** A rule on a mark and a port: with iptables Istio asks for the mark first, with nft for the port. */
    Rule markAndPort(Target target, Match protocol, Match mark, Match port) {
        return this == IPTABLES ? Rule.of(target, protocol, mark, port) : Rule.of(target, protocol, port, mark);
    }
}
