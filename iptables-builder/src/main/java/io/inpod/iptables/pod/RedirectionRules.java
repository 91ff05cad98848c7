package io.inpod.iptables.pod;

import static io.inpod.iptables.Match.conntrack;
import static io.inpod.iptables.Match.destinationPort;
import static io.inpod.iptables.Match.in;
import static io.inpod.iptables.Match.mark;
import static io.inpod.iptables.Match.out;
import static io.inpod.iptables.Match.protocol;
import static io.inpod.iptables.Match.sourcePort;
import static io.inpod.iptables.Protocol.TCP;
import static io.inpod.iptables.Protocol.UDP;
import static io.inpod.netns.InPodConstants.DNS_PORT;
import static io.inpod.netns.InPodConstants.HBONE_PORT;
import static io.inpod.netns.InPodConstants.INBOUND_PLAINTEXT_PORT;
import static io.inpod.netns.InPodConstants.OUTBOUND_PORT;

import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.FamilyScope;
import io.inpod.iptables.Hook;
import io.inpod.iptables.Mark;
import io.inpod.iptables.Match;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Rule;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.TcpFlags;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.netns.InPodConstants;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * The rules of {@link InPodRedirection}, rule by rule as Istio's node agent installs them: for the tables of iptables, one family at a
 * time; for {@code inet} tables, one or both families together. {@link PodTables} has the remaining differences.
 */
final class RedirectionRules {
    /** The mark of the proxy's own packets. */
    static final Mark PROXY = new Mark(InPodConstants.PROXY_MARK, InPodConstants.MARK_MASK);
    /** The mark of connections of the proxy's transparent sockets, by which replies return to the proxy. */
    static final Mark TPROXY = new Mark(InPodConstants.TPROXY_MARK, InPodConstants.MARK_MASK);

    private static final Target ACCEPT = new Target.Accept();
    private static final Target TO_OUTBOUND = redirect(OUTBOUND_PORT);
    private static final Target TO_INBOUND = redirect(INBOUND_PLAINTEXT_PORT);
    private static final Target TO_DNS = redirect(DNS_PORT);
    private static final Target TPROXY_TO_INBOUND = new Target.Tproxy(INBOUND_PLAINTEXT_PORT, TPROXY);
    private static final Target DNS_ZONE = new Target.ConntrackZone(1);
    private static final Ports DNS = Ports.of(53);
    private static final Match IS_TCP = protocol(TCP);
    private static final Match IS_UDP = protocol(UDP);
    private static final Match IN_LOOPBACK = in("lo");
    private static final Match OUT_LOOPBACK = out("lo");
    private static final Match MARKED = mark(PROXY);
    private static final Match UNMARKED = MARKED.not();
    private static final Match ASKS_DNS = destinationPort(TCP, DNS);
    private static final Match HBONE = destinationPort(TCP, Ports.of(HBONE_PORT));
    private static final Match NOT_HBONE = HBONE.not();

    // Rules that depend on no option are created once, because the rules of a node's pods rarely differ except in the family.
    private static final ScopedRule MARK_CONNECTION = ScopedRule.of(Rule.of(new Target.SetConnmark(TPROXY), MARKED));
    private static final ScopedRule MARK_REPLY = ScopedRule.of(Rule.of(new Target.RestoreConnmark(-1, -1), Match.connmark(TPROXY)));
    private static final ScopedRule HAND_OVER_HBONE =
            ScopedRule.of(Rule.of(new Target.Tproxy(HBONE_PORT, TPROXY), IS_TCP, HBONE, UNMARKED));
    private static final ScopedRule PASS_KNOWN =
            ScopedRule.of(Rule.of(ACCEPT, IS_TCP, conntrack(ConntrackState.RELATED, ConntrackState.ESTABLISHED)));
    // The entry of a closed connection outlives it: the first segment of the next connection with the same ports counts as established.
    private static final ScopedRule PASS_KNOWN_BUT_FIRST = ScopedRule.of(Rule.of(ACCEPT, IS_TCP, Match.flags(TcpFlags.syn()).not(),
            conntrack(ConntrackState.RELATED, ConntrackState.ESTABLISHED)));
    // The answer to a SYN cookie finds no socket by its addresses, and would meet the listener of the application.
    private static final ScopedRule HAND_OVER_KNOWN =
            ScopedRule.of(Rule.of(TPROXY_TO_INBOUND, IS_TCP, Match.connmark(PodGuard.HANDED_OVER), UNMARKED));
    private static final ScopedRule PASS_REPLIES = ScopedRule.of(Rule.of(ACCEPT, IS_TCP, mark(TPROXY)));
    private static final ScopedRule REDIRECT_DNS =
            ScopedRule.of(Rule.of(TO_DNS, OUT_LOOPBACK.not(), IS_UDP, UNMARKED, destinationPort(UDP, DNS)));
    private static final Map<PodTables, ScopedRule> ZONE_OF_REPLIES =
            forEachKind(kind -> kind.markAndPort(DNS_ZONE, IS_UDP, UNMARKED, sourcePort(UDP, DNS)));
    private static final Map<PodTables, ScopedRule> ZONE_OF_QUERIES =
            forEachKind(kind -> kind.markAndPort(DNS_ZONE, IS_UDP, MARKED, destinationPort(UDP, DNS)));

    private static final Predicate<InPodRedirection> ALL = r -> true;
    private static final Predicate<InPodRedirection> BY_TPROXY = r -> r.profile() == Profile.TPROXY;
    private static final Predicate<InPodRedirection> BY_REDIRECT = r -> r.profile() == Profile.REDIRECT && !r.ingress();

    private final FamilyScope scope;
    private final PodTables kind;
    private final List<InPodRedirection> redirections;
    private final boolean guarded;

    private RedirectionRules(FamilyScope scope, PodTables kind, List<InPodRedirection> redirections, boolean guarded) {
        this.scope = scope;
        this.kind = kind;
        this.redirections = redirections;
        this.guarded = guarded;
    }

    /**
     * Adds the rules of one redirection for the tables of iptables, or of one or two for {@code inet} tables, IPv4 first. Without the guard
     * they are exactly Istio's; with it, TPROXY also gets the first segments that connection tracking takes for established, and all of
     * what it was handed before.
     */
    static void add(Draft tables, PodTables kind, List<InPodRedirection> redirections, boolean guarded) {
        RedirectionRules rules = new RedirectionRules(tables.scope(), kind, redirections, guarded);
        addTable(tables, TableName.MANGLE, kind, rules.mangleIn(), rules.mangleOut());
        tables.jump(TableName.NAT, Hook.OUTPUT, kind.outbound);
        tables.add(TableName.NAT, kind.outbound, rules.natOut());
        if (rules.any(r -> r.profile() == Profile.REDIRECT)) {
            tables.jump(TableName.NAT, Hook.PREROUTING, kind.inbound);
            tables.add(TableName.NAT, kind.inbound, rules.natIn());
        }
        if (rules.any(InPodRedirection::dnsCapture)) {
            addTable(tables, TableName.RAW, kind, rules.rawIn(), rules.rawOut());
        }
    }

    private static void addTable(Draft tables, TableName table, PodTables kind, List<Rule> in, List<Rule> out) {
        tables.jump(table, Hook.PREROUTING, kind.inbound);
        tables.jump(table, Hook.OUTPUT, kind.outbound);
        tables.add(table, kind.inbound, in);
        tables.add(table, kind.outbound, out);
    }

    private List<Rule> mangleIn() {
        List<Rule> rules = new ArrayList<>();
        once(rules, ALL, MARK_CONNECTION);
        each(rules, BY_TPROXY, r -> kind.acceptTcp(r.fromProbe()));
        each(rules, BY_TPROXY, r -> Rule.of(ACCEPT, r.notLocalhost(), IN_LOOPBACK, IS_TCP));
        once(rules, BY_TPROXY, HAND_OVER_HBONE);
        if (guarded) {
            once(rules, BY_TPROXY, HAND_OVER_KNOWN);
        }
        once(rules, BY_TPROXY, guarded ? PASS_KNOWN_BUT_FIRST : PASS_KNOWN);
        each(rules, BY_TPROXY, r -> Rule.of(TPROXY_TO_INBOUND, r.notLocalhost(), IS_TCP, UNMARKED));
        return rules;
    }

    private List<Rule> mangleOut() {
        return List.of(MARK_REPLY.in(scope));
    }

    private List<Rule> natIn() {
        List<Rule> rules = new ArrayList<>();
        for (String name : virtualInterfaces()) {
            once(rules, r -> r.virtualInterfaces().contains(name), ScopedRule.of(Rule.of(TO_OUTBOUND, in(name), IS_TCP)));
            once(rules, r -> r.virtualInterfaces().contains(name), ScopedRule.of(Rule.of(new Target.Return(), in(name), IS_TCP)));
        }
        each(rules, BY_REDIRECT, r -> kind.acceptTcp(r.fromProbe()));
        each(rules, BY_REDIRECT, r -> Rule.of(TO_INBOUND, r.notLocalhost(), IS_TCP, NOT_HBONE, UNMARKED));
        return rules;
    }

    private List<Rule> natOut() {
        List<Rule> rules = new ArrayList<>();
        each(rules, ALL, r -> kind.acceptTcp(r.toProbe()));
        once(rules, InPodRedirection::dnsCapture, REDIRECT_DNS);
        each(rules, InPodRedirection::dnsCapture, r -> Rule.of(TO_DNS, r.notLocalhost(), IS_TCP, ASKS_DNS, UNMARKED));
        once(rules, ALL, PASS_REPLIES);
        each(rules, ALL, r -> Rule.of(ACCEPT, r.notLocalhost(), OUT_LOOPBACK));
        each(rules, ALL, r -> Rule.of(TO_OUTBOUND, r.notLocalhost(), IS_TCP, UNMARKED));
        return rules;
    }

    private List<Rule> rawIn() {
        List<Rule> rules = new ArrayList<>();
        once(rules, InPodRedirection::dnsCapture, Objects.requireNonNull(ZONE_OF_REPLIES.get(kind)));
        return rules;
    }

    private List<Rule> rawOut() {
        List<Rule> rules = new ArrayList<>();
        once(rules, InPodRedirection::dnsCapture, Objects.requireNonNull(ZONE_OF_QUERIES.get(kind)));
        return rules;
    }

    private Collection<String> virtualInterfaces() {
        if (kind == PodTables.IPTABLES) {
            return redirections.get(0).virtualInterfaces();
        }
        Set<String> names = new LinkedHashSet<>();
        redirections.forEach(r -> names.addAll(r.virtualInterfaces()));
        return names;
    }

    /** Adds a rule with an address, once for each family that needs it. */
    private void each(List<Rule> rules, Predicate<InPodRedirection> asks, Function<InPodRedirection, Rule> rule) {
        for (InPodRedirection redirection : redirections) {
            if (asks.test(redirection)) {
                rules.add(rule.apply(redirection));
            }
        }
    }

    /** Adds a rule without an address, restricted to a family only if the other redirected family doesn't need it. */
    private void once(List<Rule> rules, Predicate<InPodRedirection> asks, ScopedRule rule) {
        if (any(asks.negate())) {
            each(rules, asks, r -> rule.in(FamilyScope.of(r.family())));
        } else {
            rules.add(rule.in(scope));
        }
    }

    private boolean any(Predicate<InPodRedirection> asks) {
        for (InPodRedirection redirection : redirections) {
            if (asks.test(redirection)) {
                return true;
            }
        }
        return false;
    }

    private static Map<PodTables, ScopedRule> forEachKind(Function<PodTables, Rule> rule) {
        Map<PodTables, ScopedRule> rules = new EnumMap<>(PodTables.class);
        for (PodTables kind : PodTables.values()) {
            rules.put(kind, ScopedRule.of(rule.apply(kind)));
        }
        return rules;
    }

    private static Target redirect(int port) {
        return new Target.Redirect(Ports.of(port));
    }
}
