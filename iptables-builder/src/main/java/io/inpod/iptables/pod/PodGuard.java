package io.inpod.iptables.pod;

import io.inpod.iptables.AddressType;
import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.Chain;
import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.Hook;
import io.inpod.iptables.Match;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Rule;
import io.inpod.iptables.Side;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.TcpFlags;
import io.inpod.iptables.TransportMatch;
import io.inpod.netns.InPodConstants;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A safety net under {@link InPodRedirection}, in separate chains. It drops traffic that would bypass the proxy on its way out of or into
 * the pod, although the redirection should have caught it:
 *
 * <ul>
 * <li>In mangle POSTROUTING, where the outgoing interface is the one that nat chose: TCP that connection tracking doesn't know. REDIRECT
 * lives in the connection's entry. If that is lost while the connection is in use (a flush, an eviction, a timeout), the kernel considers
 * the application's next segment invalid if {@code nf_conntrack_tcp_loose} is 0. Invalid packets skip nat, and so the segment would go to
 * its original destination in plaintext. The same applies to packets that were exempted from tracking, and to packets that start in the
 * middle of a connection.
 * <li>Also in mangle POSTROUTING: new connections. Redirected connections leave by loopback, so a connection that starts on another
 * interface without the proxy's mark has missed the redirection: another program flushed nat, accepted the connection earlier, or changed
 * its destination. Only connections that the redirection itself leaves alone pass: those to the address of the host probes, those from
 * that address to machines nested in the pod, and with {@linkplain InPodRedirection#ingress ingress} everything that the pod forwards,
 * unless it comes from a virtual interface (for which the guard is then in mangle FORWARD too).
 * <li>In mangle INPUT, where the destination port is the one that nat chose: connections from outside to a port other than the proxy's,
 * which would skip its policy. Exceptions are those of the host probes, packets that TPROXY has marked, and ingress.
 * <li>In filter OUTPUT, if the proxy's cgroup is given: packets with the proxy's mark that start a connection from another cgroup. A
 * container with CAP_NET_RAW can set any mark since Linux 5.17.
 * </ul>
 *
 * <p>All other packets with the proxy's mark pass, and so does loopback.
 */
final class PodGuard {
    private static final Target DROP = new Target.Drop();
    private static final Match OUTSIDE = Match.out("lo").not();
    private static final Match TCP = Match.protocol(Protocol.TCP);
    private static final Match MARKED = Match.mark(RedirectionRules.PROXY);
    private static final Match UNMARKED = MARKED.not();
    private static final Match BEGINS = Match.conntrack(ConntrackState.NEW);
    private static final Match FROM_OUTSIDE = Match.in("lo").not();
    private static final Match FIRST_BUT_HBONE = new TransportMatch(Protocol.TCP, Optional.empty(),
            Optional.of(new TransportMatch.PortCondition(Ports.of(InPodConstants.HBONE_PORT), true)),
            Optional.of(TcpFlags.syn()));
    private static final Match NOT_TPROXY = Match.mark(RedirectionRules.TPROXY).not();
    private static final Match ARRIVES = Match.conntrack(ConntrackState.NEW, ConntrackState.UNTRACKED);
    private static final Rule PASS_CAUGHT =
            Rule.of(new Target.Return(), TCP, Match.destinationPort(Protocol.TCP, Ports.of(InPodConstants.INBOUND_PLAINTEXT_PORT)));
    private static final Rule UNKNOWN =
            Rule.of(DROP, OUTSIDE, TCP, UNMARKED, Match.conntrack(ConntrackState.INVALID, ConntrackState.UNTRACKED));
    private static final Rule MIDSTREAM = Rule.of(DROP, OUTSIDE, TCP, Match.flags(TcpFlags.syn()).not(), UNMARKED, BEGINS);

    private PodGuard() {}

    /** Adds the guard of one redirection for the tables of iptables, or of one or two for {@code inet} tables. */
    static void add(Draft tables, PodTables kind, List<InPodRedirection> redirections, List<String> proxyCgroups) {
        addOutbound(tables, kind.guard, redirections);
        addInbound(tables, kind.inboundGuard, redirections);
        if (!proxyCgroups.isEmpty()) {
            addMarkRules(tables, kind.markGuard, proxyCgroups);
        }
    }

    private static void addOutbound(Draft tables, String chain, List<InPodRedirection> redirections) {
        List<Rule> rules = new ArrayList<>(List.of(UNKNOWN, MIDSTREAM));
        boolean nested = false;
        for (InPodRedirection redirection : redirections) {
            Match elsewhere = redirection.toProbe().not();
            if (!redirection.ingress()) { // without ingress, everything that could be forwarded is caught on its way in, except probes
                rules.add(Rule.of(DROP, redirection.fromProbe().not(), elsewhere, OUTSIDE, TCP, UNMARKED, BEGINS));
                continue;
            }
            for (String name : redirection.virtualInterfaces()) {
                rules.add(Rule.of(DROP, Match.family(redirection.family()), Match.in(name), OUTSIDE, TCP, UNMARKED, BEGINS));
                nested = true;
            }
            // Doesn't match on the sending socket, because FORWARD may lead here too, where the kernel refuses that match.
            rules.add(
                    Rule.of(DROP, elsewhere, OUTSIDE, TCP, UNMARKED, BEGINS, new AddressTypeMatch(Side.SOURCE, AddressType.LOCAL, false)));
        }
        tables.add(TableName.MANGLE, PodTables.jump(Hook.POSTROUTING, chain), new Chain(chain, rules));
        if (nested) { // only in FORWARD does every kernel know the interface on which a packet arrived
            tables.add(TableName.MANGLE, PodTables.jump(Hook.FORWARD, chain));
        }
    }

    private static void addInbound(Draft tables, String chain, List<InPodRedirection> redirections) {
        List<Rule> rules = new ArrayList<>();
        for (InPodRedirection redirection : redirections) {
            if (redirection.ingress()) {
                continue;
            }
            boolean marks = redirection.profile() == InPodRedirection.Profile.TPROXY;
            if (!marks) {
                rules.add(Draft.only(PASS_CAUGHT, redirection.family()));
            }
            for (String name : redirection.virtualInterfaces()) {
                rules.add(Rule.of(new Target.Return(), Match.family(redirection.family()), Match.in(name), TCP,
                        Match.destinationPort(Protocol.TCP, Ports.of(InPodConstants.OUTBOUND_PORT))));
            }
            rules.add(Rule.of(DROP, redirection.fromProbe().not(), FROM_OUTSIDE, TCP, FIRST_BUT_HBONE, marks ? NOT_TPROXY : UNMARKED,
                    ARRIVES));
        }
        if (!rules.isEmpty()) {
            tables.add(TableName.MANGLE, PodTables.jump(Hook.INPUT, chain), new Chain(chain, rules));
        }
    }

    private static void addMarkRules(Draft tables, String chain, List<String> proxyCgroups) {
        // Only packets that start a connection: for closed sockets of the proxy, the kernel replies from its own sockets, which are in no
        // cgroup. In OUTPUT, because nf_tables knows a packet's socket there but not in POSTROUTING. Without a negated cgroup, which in
        // nf_tables doesn't match sockets of cgroups above the given one.
        List<Rule> rules = new ArrayList<>();
        proxyCgroups.forEach(path -> rules.add(Rule.of(new Target.Return(), MARKED, Match.cgroup(path))));
        rules.add(Rule.of(DROP, MARKED, Match.conntrack(ConntrackState.RELATED, ConntrackState.ESTABLISHED).not()));
        tables.add(TableName.FILTER, PodTables.jump(Hook.OUTPUT, chain), new Chain(chain, rules));
    }
}
