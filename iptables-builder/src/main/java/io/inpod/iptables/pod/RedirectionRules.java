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

import io.inpod.iptables.Chain;
import io.inpod.iptables.ConntrackState;
import io.inpod.iptables.Mark;
import io.inpod.iptables.Match;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Rule;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.netns.InPodConstants;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
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
    private static final Ports DNS = Ports.of(53);
    private static final Ports HBONE = Ports.of(HBONE_PORT);
    private static final Match IS_TCP = protocol(TCP);
    private static final Match IS_UDP = protocol(UDP);
    private static final Match MARKED = mark(PROXY);
    private static final Match UNMARKED = MARKED.not();
    private static final Target DNS_ZONE = new Target.ConntrackZone(1);

    // Rules that depend on no option are created once, because the rules of a node's pods rarely differ except in the family.
    private static final Rule MARK_CONNECTION = Rule.of(new Target.SetConnmark(TPROXY), MARKED);
    private static final Rule MARK_REPLY = Rule.of(new Target.RestoreConnmark(-1, -1), Match.connmark(TPROXY));
    private static final Rule HAND_OVER_HBONE =
            Rule.of(new Target.Tproxy(HBONE_PORT, TPROXY), IS_TCP, destinationPort(TCP, HBONE), UNMARKED);
    private static final Rule PASS_KNOWN = Rule.of(ACCEPT, IS_TCP, conntrack(ConntrackState.RELATED, ConntrackState.ESTABLISHED));
    private static final Rule PASS_REPLIES = Rule.of(ACCEPT, IS_TCP, mark(TPROXY));
    private static final Rule REDIRECT_DNS = Rule.of(redirect(DNS_PORT), out("lo").not(), IS_UDP, UNMARKED, destinationPort(UDP, DNS));

    private static final Predicate<InPodRedirection> ALL = r -> true;
    private static final Predicate<InPodRedirection> BY_TPROXY = r -> r.profile() == Profile.TPROXY;
    private static final Predicate<InPodRedirection> BY_REDIRECT = r -> r.profile() == Profile.REDIRECT && !r.ingress();

    private final PodTables kind;
    private final List<InPodRedirection> redirections;

    private RedirectionRules(PodTables kind, List<InPodRedirection> redirections) {
        this.kind = kind;
        this.redirections = redirections;
    }

    /** Adds the rules of one redirection for the tables of iptables, or of one or two for {@code inet} tables, IPv4 first. */
    static void add(Draft tables, PodTables kind, List<InPodRedirection> redirections) {
        RedirectionRules rules = new RedirectionRules(kind, redirections);
        tables.add(TableName.MANGLE, kind.toInbound(), kind.toOutbound(), new Chain(kind.inbound, rules.mangleIn()),
                Chain.of(kind.outbound, MARK_REPLY));
        tables.add(TableName.NAT, kind.toOutbound(), new Chain(kind.outbound, rules.natOut()));
        if (redirections.stream().anyMatch(r -> r.profile() == Profile.REDIRECT)) {
            tables.add(TableName.NAT, kind.toInbound(), new Chain(kind.inbound, rules.natIn()));
        }
        if (redirections.stream().anyMatch(InPodRedirection::dnsCapture)) {
            tables.add(TableName.RAW, kind.toInbound(), kind.toOutbound(), new Chain(kind.inbound, rules.rawIn()),
                    new Chain(kind.outbound, rules.rawOut()));
        }
    }

    private List<Rule> mangleIn() {
        List<Rule> rules = new ArrayList<>();
        rules.add(MARK_CONNECTION);
        each(rules, BY_TPROXY, r -> kind.acceptTcp(r.fromProbe()));
        each(rules, BY_TPROXY, r -> Rule.of(ACCEPT, r.notLocalhost(), in("lo"), IS_TCP));
        once(rules, BY_TPROXY, HAND_OVER_HBONE);
        once(rules, BY_TPROXY, PASS_KNOWN);
        each(rules, BY_TPROXY, r -> Rule.of(new Target.Tproxy(INBOUND_PLAINTEXT_PORT, TPROXY), r.notLocalhost(), IS_TCP, UNMARKED));
        return rules;
    }

    private List<Rule> natIn() {
        List<Rule> rules = new ArrayList<>();
        for (String name : virtualInterfaces()) {
            once(rules, r -> r.virtualInterfaces().contains(name), Rule.of(redirect(OUTBOUND_PORT), in(name), IS_TCP));
            once(rules, r -> r.virtualInterfaces().contains(name), Rule.of(new Target.Return(), in(name), IS_TCP));
        }
        each(rules, BY_REDIRECT, r -> kind.acceptTcp(r.fromProbe()));
        each(rules, BY_REDIRECT,
                r -> Rule.of(redirect(INBOUND_PLAINTEXT_PORT), r.notLocalhost(), IS_TCP, destinationPort(TCP, HBONE).not(), UNMARKED));
        return rules;
    }

    private List<Rule> natOut() {
        List<Rule> rules = new ArrayList<>();
        each(rules, ALL, r -> kind.acceptTcp(r.toProbe()));
        once(rules, InPodRedirection::dnsCapture, REDIRECT_DNS);
        each(rules, InPodRedirection::dnsCapture,
                r -> Rule.of(redirect(DNS_PORT), r.notLocalhost(), IS_TCP, destinationPort(TCP, DNS), UNMARKED));
        once(rules, ALL, PASS_REPLIES);
        each(rules, ALL, r -> Rule.of(ACCEPT, r.notLocalhost(), out("lo")));
        each(rules, ALL, r -> Rule.of(redirect(OUTBOUND_PORT), r.notLocalhost(), IS_TCP, UNMARKED));
        return rules;
    }

    private List<Rule> rawIn() {
        List<Rule> rules = new ArrayList<>();
        once(rules, InPodRedirection::dnsCapture, kind.markAndPort(DNS_ZONE, IS_UDP, UNMARKED, sourcePort(UDP, DNS)));
        return rules;
    }

    private List<Rule> rawOut() {
        List<Rule> rules = new ArrayList<>();
        once(rules, InPodRedirection::dnsCapture, kind.markAndPort(DNS_ZONE, IS_UDP, MARKED, destinationPort(UDP, DNS)));
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
    private void once(List<Rule> rules, Predicate<InPodRedirection> asks, Rule rule) {
        if (redirections.stream().allMatch(asks)) {
            rules.add(rule);
        } else {
            each(rules, asks, r -> Draft.only(rule, r.family()));
        }
    }

    private static Target redirect(int port) {
        return new Target.Redirect(Ports.of(port));
    }
}
