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
import java.util.function.Predicate;

/**
 * A safety net under {@link InPodRedirection}, in separate chains: TCP leaves the pod or arrives in it only if these rules have admitted
 * its connection. Admitted connections carry a connection mark that no other rule sets. What connection tracking knows about a connection
 * ("established", "reply") is never a reason: an application, or a host on the network, can create entries.
 *
 * <ul>
 * <li>In mangle INPUT, where nat has chosen the destination port: connections that reach the proxy are admitted. With TPROXY they carry its
 * mark; with REDIRECT their destination is a port of the proxy's. The connections of the host probes are admitted too, and with
 * {@linkplain InPodRedirection#ingress ingress} all.
 * <li>In mangle POSTROUTING, where nat has chosen the interface: packets with the proxy's mark are admitted, and so are health probes that
 * leave by a {@linkplain InPodRedirection#virtualInterfaces virtual interface}, to a machine nested in the pod.
 * <li>With ingress, in mangle FORWARD: everything that the pod forwards is admitted, unless it comes from a virtual interface, or from
 * loopback, whence source routes lead the pod's own packets there. In POSTROUTING what a socket of the pod sends isn't taken for forwarded.
 * <li>In both, a packet of an admitted connection passes, unless it begins a connection: the first segment is always judged by itself. All
 * other TCP is dropped. Loopback passes.
 * <li>In mangle INPUT, packets lose the proxy's mark, which those that arrive by loopback still have, because a socket that accepts a
 * connection may inherit it ({@code net.ipv4.tcp_fwmark_accept}).
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
    private static final ScopedRule UNMARK = ScopedRule.of(Rule.of(new Target.SetMark(new Mark(0, InPodConstants.MARK_MASK)), MARKED));
    private static final ScopedRule PASS_ADMITTED =
            ScopedRule.of(Rule.of(RETURN, TCP, Match.flags(TcpFlags.syn()).not(), Match.connmark(ADMITTED)));
    private static final ScopedRule DROP_FROM_LOOPBACK = ScopedRule.of(Rule.of(DROP, IN_LOOPBACK));
    private static final ScopedRule PASS_FORWARDED = ScopedRule.of(Rule.of(RETURN, FORWARDED, Match.connmark(ADMITTED)));
    private static final ScopedRule DROP_ALL_ELSE = ScopedRule.of(Rule.of(DROP));

    private static final Map<PodTables, PodGuard> BY_KIND =
            new EnumMap<>(Map.of(PodTables.IPTABLES, new PodGuard(PodTables.IPTABLES), PodTables.INET, new PodGuard(PodTables.INET)));

    private final PodTables kind;
    private final Target admit;
    private final ScopedRule outbound;
    private final ScopedRule inbound;
    private final ScopedRule admitMarked;
    private final ScopedRule toForwarded;
    private final ScopedRule dropSent;
    private final ScopedRule admitAll;
    private final ScopedRule admitTproxy;
    private final List<ScopedRule> admitRedirected;

    private PodGuard(PodTables kind) {
        this.kind = kind;
        admit = new Target.Goto(kind.admission.name());
        outbound = ScopedRule.of(Rule.of(new Target.Jump(kind.guard.name()), Match.out("lo").not(), TCP));
        inbound = ScopedRule.of(Rule.of(new Target.Jump(kind.inboundGuard.name()), TCP));
        admitMarked = ScopedRule.of(Rule.of(admit, MARKED));
        toForwarded = ScopedRule.of(Rule.of(new Target.Jump(kind.forwarded.name()), TCP));
        dropSent = ScopedRule.of(Rule.of(DROP, kind.sent()));
        admitAll = ScopedRule.of(Rule.of(admit));
        admitTproxy = ScopedRule.of(Rule.of(admit, Match.mark(RedirectionRules.TPROXY)));
        admitRedirected =
                kind.toPorts(admit, List.of(Ports.of(InPodConstants.INBOUND_PLAINTEXT_PORT), Ports.of(InPodConstants.HBONE_PORT)));
    }

    /** Adds the guard of one redirection for the tables of iptables, or of one or two for {@code inet} tables. */
    static void add(Draft tables, PodTables kind, List<InPodRedirection> redirections, List<String> proxyCgroups) {
        PodGuard guard = Objects.requireNonNull(BY_KIND.get(kind));
        FamilyScope scope = InPodRedirection.scope(redirections);
        guard.addOutbound(tables, scope, redirections);
        guard.addInbound(tables, scope, redirections);
        boolean handed = redirections.stream().anyMatch(PodGuard::byTproxy);
        tables.add(TableName.MANGLE, kind.admission, handed ? List.of(ADMIT, HAND_OVER) : List.of(ADMIT));
        if (!proxyCgroups.isEmpty()) {
            addMarkRules(tables, kind.markGuard, proxyCgroups);
        }
    }

    private void addOutbound(Draft tables, FamilyScope scope, List<InPodRedirection> redirections) {
        List<Rule> rules = new ArrayList<>();
        rules.add(admitMarked.in(scope));
        rules.add(PASS_ADMITTED.in(scope));
        for (InPodRedirection redirection : redirections) {
            if (redirection.ingress()) {
                // a process can bind a foreign source, and a host on the network can have its entry admitted
                rules.add(dropSent.in(FamilyScope.of(redirection.family())));
                rules.add(PASS_FORWARDED.in(FamilyScope.of(redirection.family())));
            } else { // probes of a machine nested in the pod, which have nowhere else to go from there
                redirection.virtualInterfaces().forEach(name -> rules.add(Rule.of(admit, redirection.fromProbe(), Match.out(name))));
            }
        }
        rules.add(DROP_ALL_ELSE.in(scope));
        tables.add(TableName.MANGLE, Hook.POSTROUTING, outbound.in(scope));
        tables.add(TableName.MANGLE, kind.guard, rules);
        List<InPodRedirection> gateways = redirections.stream().filter(InPodRedirection::ingress).toList();
        if (!gateways.isEmpty()) {
            addForwarded(tables, gateways);
        }
    }

    private void addForwarded(Draft tables, List<InPodRedirection> gateways) {
        FamilyScope scope = InPodRedirection.scope(gateways);
        List<Rule> rules = new ArrayList<>();
        rules.add(DROP_FROM_LOOPBACK.in(scope));
        rules.add(PASS_ADMITTED.in(scope));
        for (InPodRedirection gateway : gateways) {
            gateway.virtualInterfaces().forEach(name -> rules.add(Rule.of(DROP, Match.family(gateway.family()), Match.in(name))));
        }
        rules.add(admitAll.in(scope));
        tables.add(TableName.MANGLE, Hook.FORWARD, toForwarded.in(scope));
        tables.add(TableName.MANGLE, kind.forwarded, rules);
    }

    private void addInbound(Draft tables, FamilyScope scope, List<InPodRedirection> redirections) {
        List<Rule> rules = new ArrayList<>();
        rules.add(UNMARK.in(scope));
        rules.add(PASS_LOOPBACK.in(scope));
        rules.add(PASS_ADMITTED.in(scope));
        once(rules, redirections, InPodRedirection::ingress, admitAll);
        once(rules, redirections, PodGuard::byTproxy, admitTproxy);
        admitRedirected.forEach(rule -> once(rules, redirections, r -> !r.ingress() && !byTproxy(r), rule));
        for (InPodRedirection redirection : redirections) {
            if (!redirection.ingress()) {
                for (String name : redirection.virtualInterfaces()) {
                    rules.add(ScopedRule.only(toPort(InPodConstants.OUTBOUND_PORT, Match.in(name)), redirection.family()));
                }
                rules.add(Rule.of(admit, redirection.fromProbe()));
            }
        }
        rules.add(DROP_ALL_ELSE.in(scope));
        tables.add(TableName.MANGLE, Hook.INPUT, inbound.in(scope));
        tables.add(TableName.MANGLE, kind.inboundGuard, rules);
    }

    private static boolean byTproxy(InPodRedirection redirection) {
        return redirection.profile() == InPodRedirection.Profile.TPROXY;
    }

    /** Adds a rule without an address, restricted to a family only if the other redirected family doesn't need it. */
    private static void once(List<Rule> rules, List<InPodRedirection> redirections, Predicate<InPodRedirection> asks, ScopedRule rule) {
        if (redirections.size() > 1 && redirections.stream().allMatch(asks)) {
            rules.add(rule.in(FamilyScope.BOTH));
        } else {
            redirections.stream().filter(asks).forEach(redirection -> rules.add(rule.in(FamilyScope.of(redirection.family()))));
        }
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
