package io.inpod.iptables.pod;

import static io.inpod.iptables.Match.conntrack;
import static io.inpod.iptables.Match.destination;
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
import io.inpod.iptables.Hook;
import io.inpod.iptables.Mark;
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Match;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Rule;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/** Redirection in tables of both families, see {@link PodRules#inet}. */
final class InetPodRules {
    static final String IN = "istio-prerouting";
    static final String OUT = "istio-output";
    private static final Target ACCEPT = new Target.Accept();
    private static final Mark PROXY = InPodRedirection.PROXY;
    private static final Mark LOOPED = InPodRedirection.LOOPED;

    private final List<InPodRedirection> redirections;
    private final Draft tables = new Draft();

    private InetPodRules(List<InPodRedirection> redirections) {
        this.redirections = redirections;
    }

    static Draft of(List<InPodRedirection> redirections) {
        InetPodRules builder = new InetPodRules(redirections);
        builder.mangle();
        builder.nat();
        builder.raw();
        return builder.tables;
    }

    private static Chain jump(Hook hook, String chain) {
        return Chain.of(hook.name(), Rule.of(new Target.Jump(chain)));
    }

    private void mangle() {
        List<Rule> rules = new ArrayList<>();
        rules.add(Rule.of(new Target.SetConnmark(LOOPED), mark(PROXY)));
        Predicate<InPodRedirection> tproxy = r -> r.profile() == Profile.TPROXY;
        each(rules, tproxy, r -> Rule.of(ACCEPT, protocol(TCP), r.fromProbe()));
        each(rules, tproxy, r -> Rule.of(ACCEPT, in("lo"), protocol(TCP), notLocalhost(r)));
        once(rules, tproxy, r -> Rule.of(new Target.Tproxy(HBONE_PORT, LOOPED), protocol(TCP), destinationPort(TCP, Ports.of(HBONE_PORT)), mark(PROXY).not()));
        once(rules, tproxy, r -> Rule.of(ACCEPT, protocol(TCP), conntrack(ConntrackState.RELATED, ConntrackState.ESTABLISHED)));
        each(rules, tproxy, r -> Rule.of(new Target.Tproxy(INBOUND_PLAINTEXT_PORT, LOOPED), protocol(TCP), notLocalhost(r), mark(PROXY).not()));
        tables.add(TableName.MANGLE, jump(Hook.PREROUTING, IN), jump(Hook.OUTPUT, OUT), new Chain(IN, rules),
                Chain.of(OUT, Rule.of(new Target.RestoreConnmark(-1, -1), Match.connmark(LOOPED))));
    }

    private void nat() {
        tables.add(TableName.NAT, jump(Hook.OUTPUT, OUT), new Chain(OUT, natOut()));
        if (redirections.stream().anyMatch(r -> r.profile() == Profile.REDIRECT)) {
            tables.add(TableName.NAT, jump(Hook.PREROUTING, IN), new Chain(IN, natIn()));
        }
    }

    private List<Rule> natIn() {
        List<Rule> rules = new ArrayList<>();
        Set<String> names = new LinkedHashSet<>();
        redirections.forEach(r -> names.addAll(r.virtualInterfaces()));
        for (String name : names) {
            once(rules, r -> r.virtualInterfaces().contains(name), r -> Rule.of(redirect(OUTBOUND_PORT), in(name), protocol(TCP)));
            once(rules, r -> r.virtualInterfaces().contains(name), r -> Rule.of(new Target.Return(), in(name), protocol(TCP)));
        }
        Predicate<InPodRedirection> captured = r -> r.profile() == Profile.REDIRECT && !r.ingress();
        each(rules, captured, r -> Rule.of(ACCEPT, protocol(TCP), r.fromProbe()));
        each(rules, captured, r -> Rule.of(redirect(INBOUND_PLAINTEXT_PORT), notLocalhost(r), protocol(TCP), destinationPort(TCP, Ports.of(HBONE_PORT)).not(), mark(PROXY).not()));
        return rules;
    }

    private List<Rule> natOut() {
        List<Rule> rules = new ArrayList<>();
        each(rules, r -> true, r -> Rule.of(ACCEPT, protocol(TCP), r.toProbe()));
        once(rules, InPodRedirection::dnsCapture,
                r -> Rule.of(redirect(DNS_PORT), out("lo").not(), protocol(UDP), mark(PROXY).not(), destinationPort(UDP, Ports.of(53))));
        each(rules, InPodRedirection::dnsCapture,
                r -> Rule.of(redirect(DNS_PORT), notLocalhost(r), protocol(TCP), destinationPort(TCP, Ports.of(53)), mark(PROXY).not()));
        once(rules, r -> true, r -> Rule.of(ACCEPT, protocol(TCP), mark(LOOPED)));
        each(rules, r -> true, r -> Rule.of(ACCEPT, out("lo"), notLocalhost(r)));
        each(rules, r -> true, r -> Rule.of(redirect(OUTBOUND_PORT), protocol(TCP), notLocalhost(r), mark(PROXY).not()));
        return rules;
    }

    private void raw() {
        List<Rule> in = new ArrayList<>();
        List<Rule> out = new ArrayList<>();
        once(in, InPodRedirection::dnsCapture,
                r -> Rule.of(new Target.ConntrackZone(1), protocol(UDP), sourcePort(UDP, Ports.of(53)), mark(PROXY).not()));
        once(out, InPodRedirection::dnsCapture,
                r -> Rule.of(new Target.ConntrackZone(1), protocol(UDP), destinationPort(UDP, Ports.of(53)), mark(PROXY)));
        if (!in.isEmpty()) {
            tables.add(TableName.RAW, jump(Hook.PREROUTING, IN), jump(Hook.OUTPUT, OUT), new Chain(IN, in), new Chain(OUT, out));
        }
    }

    /** A rule with an address: one for each family that asks for it. */
    private void each(List<Rule> rules, Predicate<InPodRedirection> asks, Function<InPodRedirection, Rule> rule) {
        redirections.stream().filter(asks).map(rule).forEach(rules::add);
    }

    /** A rule without an address: only if one of two redirected families doesn't ask for it, it names the other. */
    private void once(List<Rule> rules, Predicate<InPodRedirection> asks, Function<InPodRedirection, Rule> rule) {
        List<InPodRedirection> asking = redirections.stream().filter(asks).toList();
        if (!asking.isEmpty() && asking.size() == redirections.size()) {
            rules.add(rule.apply(asking.get(0)));
        } else {
            for (InPodRedirection redirection : asking) {
                rules.add(rule.apply(redirection).only(redirection.family()));
            }
        }
    }

    private static Match notLocalhost(InPodRedirection redirection) {
        return destination(IpPrefix.of(redirection.family().loopback())).not();
    }

    private static Target redirect(int port) {
        return new Target.Redirect(Ports.of(port));
    }
}
