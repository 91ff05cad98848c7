package io.inpod.iptables.pod;

import io.inpod.iptables.AddressType;
import io.inpod.iptables.AddressTypeMatch;
import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Hook;
import io.inpod.iptables.Mark;
import io.inpod.iptables.Match;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Protocol;
import io.inpod.iptables.Rule;
import io.inpod.iptables.Side;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.TcpFlags;
import io.inpod.netns.InPodConstants;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A safety net under {@link InPodRedirection}, in separate chains: TCP leaves the pod or arrives in it only if these rules have admitted
 * its connection. Admitted connections carry a connection mark that no other rule sets. What connection tracking knows about a connection
 * ("established", "reply") is never a reason: an application, or a host on the network, can create entries.
 *
 * <ul>
 * <li>In mangle INPUT, where nat has chosen the destination port: connections that reach the proxy are admitted. With TPROXY they carry its
 * mark; with REDIRECT their destination is a port of the proxy's. The connections of the host probes are admitted too, and with
 * {@linkplain InPodRedirection#ingress ingress} all.
 * <li>In mangle POSTROUTING, where nat has chosen the interface: packets with the proxy's mark are admitted. In mangle FORWARD, so are
 * health probes of machines nested in the pod. With ingress, everything that the pod forwards is, unless it comes from a virtual interface
 * (for which the guard is in mangle FORWARD too).
 * <li>In both, a packet of an admitted connection passes, unless it begins a connection: the first segment is always judged by itself. All
 * other TCP is dropped. Loopback passes.
 * <li>In mangle INPUT, packets that arrive by loopback lose the proxy's mark, because a socket that accepts a connection may inherit it
 * ({@code net.ipv4.tcp_fwmark_accept}).
 * <li>In filter OUTPUT, for IPv6: connections to link-local addresses are refused, see {@link LinkLocal}.
 * <li>In filter OUTPUT, if the proxy's cgroup is given: packets with the proxy's mark that start a connection from another cgroup are
 * dropped. A container with CAP_NET_RAW can set any mark since Linux 5.17.
 * </ul>
 */
final class PodGuard {
    /** The connection mark of admitted connections, beside the bits that the redirection uses. */
    static final Mark ADMITTED = new Mark(InPodConstants.ADMITTED_MARK, InPodConstants.ADMITTED_MARK);

    /** The connection mark of those of them that TPROXY has handed to the proxy. */
    static final Mark HANDED_OVER = new Mark(InPodConstants.HANDED_OVER_MARK, InPodConstants.HANDED_OVER_MARK);

    private static final Target DROP = new Target.Drop();
    private static final Target RETURN = new Target.Return();
    private static final Match TCP = Match.protocol(Protocol.TCP);
    private static final Match IN_LOOPBACK = Match.in("lo");
    private static final Match MARKED = Match.mark(RedirectionRules.PROXY);
    private static final Match FORWARDED = new AddressTypeMatch(Side.SOURCE, AddressType.LOCAL, true);
    private static final Rule ADMIT = Rule.of(new Target.SetConnmark(ADMITTED));
    // Between two versions of the rules REDIRECT may have translated the port too: then the socket has the port of the proxy.
    private static final Rule HAND_OVER = Rule.of(new Target.SetConnmark(HANDED_OVER), TCP,
            Match.destinationPort(Protocol.TCP, Ports.of(InPodConstants.INBOUND_PLAINTEXT_PORT)).not(),
            Match.mark(RedirectionRules.TPROXY));
    private static final ScopedRule PASS_LOOPBACK = ScopedRule.of(Rule.of(RETURN, IN_LOOPBACK));
    private static final ScopedRule UNMARK =
            ScopedRule.of(Rule.of(new Target.SetMark(new Mark(0, InPodConstants.MARK_MASK)), IN_LOOPBACK, MARKED));
    private static final ScopedRule PASS_ADMITTED =
            ScopedRule.of(Rule.of(RETURN, TCP, Match.flags(TcpFlags.syn()).not(), Match.connmark(ADMITTED)));
    private static final ScopedRule DROP_ALL_ELSE = ScopedRule.of(Rule.of(DROP, TCP));

    private static final Map<PodTables, PodGuard> BY_KIND =
            new EnumMap<>(Map.of(PodTables.IPTABLES, new PodGuard(PodTables.IPTABLES), PodTables.INET, new PodGuard(PodTables.INET)));

    private final PodTables kind;
    private final Target admit;
    private final ScopedRule outbound;
    private final ScopedRule inbound;
    private final ScopedRule admitMarked;
    private final ScopedRule admitForwarded;
    private final ScopedRule admitAll;
    private final ScopedRule admitTproxy;
    private final ScopedRule admitPlaintext;
    private final ScopedRule admitHbone;

    private PodGuard(PodTables kind) {
        this.kind = kind;
        admit = new Target.Goto(kind.admission.name());
        outbound = ScopedRule.of(Rule.of(new Target.Jump(kind.guard.name()), Match.out("lo").not(), TCP));
        inbound = ScopedRule.of(Rule.of(new Target.Jump(kind.inboundGuard.name()), TCP));
        admitMarked = ScopedRule.of(Rule.of(admit, MARKED));
        // Doesn't match on the sending socket, because FORWARD may lead here too, where the kernel refuses that match.
        admitForwarded = ScopedRule.of(Rule.of(admit, FORWARDED));
        admitAll = ScopedRule.of(Rule.of(admit));
        admitTproxy = ScopedRule.of(Rule.of(admit, Match.mark(RedirectionRules.TPROXY)));
        admitPlaintext = ScopedRule.of(toPort(InPodConstants.INBOUND_PLAINTEXT_PORT));
        admitHbone = ScopedRule.of(toPort(InPodConstants.HBONE_PORT));
    }

    /** Adds the guard of one redirection for the tables of iptables, or of one or two for {@code inet} tables. */
    static void add(Draft tables, PodTables kind, List<InPodRedirection> redirections, List<String> proxyCgroups) {
        PodGuard guard = Objects.requireNonNull(BY_KIND.get(kind));
        FamilyScope scope = redirections.size() > 1 ? FamilyScope.BOTH : FamilyScope.of(redirections.get(0).family());
        guard.addOutbound(tables, scope, redirections);
        guard.addInbound(tables, scope, redirections);
        boolean handed = redirections.stream().anyMatch(redirection -> redirection.profile() == InPodRedirection.Profile.TPROXY);
        tables.add(TableName.MANGLE, kind.admission, handed ? List.of(ADMIT, HAND_OVER) : List.of(ADMIT));
        if (!proxyCgroups.isEmpty()) {
            addMarkRules(tables, kind.markGuard, proxyCgroups);
        }
    }

    private void addOutbound(Draft tables, FamilyScope scope, List<InPodRedirection> redirections) {
        List<Rule> rules = new ArrayList<>();
        rules.add(admitMarked.in(scope));
        rules.add(PASS_ADMITTED.in(scope));
        boolean nested = false;
        for (InPodRedirection redirection : redirections) {
            if (redirection.ingress()) {
                for (String name : redirection.virtualInterfaces()) {
                    rules.add(Rule.of(DROP, Match.family(redirection.family()), Match.in(name)));
                    nested = true;
                }
                rules.add(admitForwarded.in(FamilyScope.of(redirection.family())));
            } else {
                // Probes of a machine nested in the pod. An application can use their address as a source too, but doesn't forward.
                tables.add(TableName.MANGLE, Hook.FORWARD, Rule.of(new Target.Jump(kind.admission.name()), redirection.fromProbe(), TCP));
                rules.add(Rule.of(RETURN, redirection.fromProbe(), Match.connmark(ADMITTED)));
            }
        }
        rules.add(DROP_ALL_ELSE.in(scope));
        tables.add(TableName.MANGLE, Hook.POSTROUTING, outbound.in(scope));
        tables.add(TableName.MANGLE, kind.guard, rules);
        if (nested) { // only in FORWARD does every kernel know the interface on which a packet arrived
            tables.add(TableName.MANGLE, Hook.FORWARD, outbound.in(scope));
        }
    }

    private void addInbound(Draft tables, FamilyScope scope, List<InPodRedirection> redirections) {
        List<Rule> rules = new ArrayList<>();
        rules.add(UNMARK.in(scope));
        rules.add(PASS_LOOPBACK.in(scope));
        rules.add(PASS_ADMITTED.in(scope));
        for (InPodRedirection redirection : redirections) {
            FamilyScope family = FamilyScope.of(redirection.family());
            if (redirection.ingress()) {
                rules.add(admitAll.in(family));
                continue;
            }
            if (redirection.profile() == InPodRedirection.Profile.TPROXY) {
                rules.add(admitTproxy.in(family));
            } else {
                rules.add(admitPlaintext.in(family));
                rules.add(admitHbone.in(family));
            }
            for (String name : redirection.virtualInterfaces()) {
                rules.add(ScopedRule.only(toPort(InPodConstants.OUTBOUND_PORT, Match.in(name)), redirection.family()));
            }
            rules.add(Rule.of(admit, redirection.fromProbe()));
        }
        rules.add(DROP_ALL_ELSE.in(scope));
        tables.add(TableName.MANGLE, Hook.INPUT, inbound.in(scope));
        tables.add(TableName.MANGLE, kind.inboundGuard, rules);
    }

    private Rule toPort(int port, Match... from) {
        List<Match> matches = new ArrayList<>(List.of(from));
        matches.add(TCP);
        matches.add(Match.destinationPort(Protocol.TCP, Ports.of(port)));
        return new Rule(matches, admit);
    }

    private static void addMarkRules(Draft tables, PodChain chain, List<String> proxyCgroups) {
        // Only packets that start a connection: for closed sockets of the proxy, the kernel replies from its own sockets, which are in no
        // cgroup. In OUTPUT, because nf_tables knows a packet's socket there but not in POSTROUTING. Without a negated cgroup, which in
        // nf_tables doesn't match sockets of cgroups above the given one.
        List<Rule> rules = new ArrayList<>();
        proxyCgroups.forEach(path -> rules.add(Rule.of(new Target.Return(), MARKED, Match.cgroup(path))));
        rules.add(Rule.of(DROP, TCP, Match.flags(TcpFlags.syn()), MARKED));
        rules.add(Rule.of(DROP, MARKED, Match.conntrack(ConntrackState.RELATED, ConntrackState.ESTABLISHED).not()));
        tables.jump(TableName.FILTER, Hook.OUTPUT, chain);
        tables.add(TableName.FILTER, chain, rules);
    }
}
