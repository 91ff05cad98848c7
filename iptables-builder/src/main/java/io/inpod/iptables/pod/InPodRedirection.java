package io.inpod.iptables.pod;

import static io.inpod.iptables.Match.conntrack;
import static io.inpod.iptables.Match.destination;
import static io.inpod.iptables.Match.destinationPort;
import static io.inpod.iptables.Match.header;
import static io.inpod.iptables.Match.in;
import static io.inpod.iptables.Match.mark;
import static io.inpod.iptables.Match.out;
import static io.inpod.iptables.Match.protocol;
import static io.inpod.iptables.Match.source;
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
import io.inpod.iptables.IpPrefix;
import io.inpod.iptables.Mark;
import io.inpod.iptables.Match;
import io.inpod.iptables.Ports;
import io.inpod.iptables.Rule;
import io.inpod.iptables.RuleSet;
import io.inpod.iptables.TableName;
import io.inpod.iptables.Target;
import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.internal.InterfaceNames;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * The rules that send a pod's TCP through a proxy with sockets in the pod: Istio ambient mode's in-pod redirection, chain by chain
 * and rule by rule as its node agent installs it.
 *
 * <p>Outbound TCP goes to port 15001, inbound plaintext to 15006, HBONE arrives at 15008, captured DNS at 15053. Packets with mark
 * 0x539/0xfff are the proxy's own and pass. Connections that the proxy makes to the application get connection mark 0x111/0xfff,
 * which replies take over, so that policy routing can bring them back to the proxy.
 *
 * @param profile how inbound connections reach the proxy
 * @param family the family of the rules; a pod with both needs both
 * @param hostProbe the address from which health probes come, past the proxy
 * @param dnsCapture whether DNS queries over UDP and TCP go to the proxy
 * @param ingress whether inbound connections bypass the proxy, as for a gateway; only with {@link Profile#REDIRECT}
 * @param virtualInterfaces interfaces of machines nested in the pod, whose traffic counts as outbound; only with {@link Profile#REDIRECT}
 */
public record InPodRedirection(Profile profile, IpFamily family, InetAddress hostProbe, boolean dnsCapture, boolean ingress,
        List<String> virtualInterfaces) {
    /** The mark of what the proxy sends. */
    public static final Mark PROXY = new Mark(InPodConstants.PROXY_MARK, InPodConstants.MARK_MASK);
    /** The mark of connections that the proxy makes to the application, by which replies find back to it. */
    public static final Mark LOOPED = new Mark(InPodConstants.TPROXY_MARK, InPodConstants.MARK_MASK);
    static final String IN = "ISTIO_PRERT";
    static final String OUT = "ISTIO_OUTPUT";
    private static final Target ACCEPT = new Target.Accept();
    private static final Match IS_TCP = protocol(TCP);
    private static final Match IS_UDP = protocol(UDP);
    private static final Match WHOLE_TCP = header(TCP);
    private static final Match MARKED = mark(PROXY);
    private static final Match UNMARKED = mark(PROXY).not();

    // What depends on no option is made once: a node's pods differ in little else than the family.
    private static final Chain TO_IN = Chain.of(Hook.PREROUTING.name(), Rule.of(new Target.Jump(IN)));
    private static final Chain TO_OUT = Chain.of(Hook.OUTPUT.name(), Rule.of(new Target.Jump(OUT)));
    private static final Rule MARK_CONNECTION = Rule.of(new Target.SetConnmark(LOOPED), MARKED);
    private static final Rule MARK_REPLY = Rule.of(new Target.RestoreConnmark(-1, -1), Match.connmark(LOOPED));
    private static final Rule HAND_OVER_HBONE = Rule.of(new Target.Tproxy(HBONE_PORT, LOOPED), IS_TCP, destinationPort(TCP, Ports.of(HBONE_PORT)), UNMARKED);
    private static final Rule PASS_KNOWN = Rule.of(ACCEPT, IS_TCP, conntrack(ConntrackState.RELATED, ConntrackState.ESTABLISHED));
    private static final Rule PASS_LOOPED = Rule.of(ACCEPT, IS_TCP, mark(LOOPED));
    private static final Rule REDIRECT_DNS = Rule.of(redirect(DNS_PORT), out("lo").not(), IS_UDP, UNMARKED, destinationPort(UDP, Ports.of(53)));
    private static final Rule ZONE_OF_ANSWERS = Rule.of(new Target.ConntrackZone(1), IS_UDP, UNMARKED, sourcePort(UDP, Ports.of(53)));
    private static final Rule ZONE_OF_QUERIES = Rule.of(new Target.ConntrackZone(1), IS_UDP, MARKED, destinationPort(UDP, Ports.of(53)));

    /** How inbound connections reach the proxy. */
    public enum Profile {
        /** By REDIRECT in nat; the original destination comes from conntrack. */
        REDIRECT,
        /** By TPROXY in mangle, which needs transparent listeners; the original destination is the socket's own address. */
        TPROXY
    }

    /**
     * Checks the options against each other.
     *
     * @param profile how inbound connections reach the proxy
     * @param family the family of the rules; a pod with both needs both
     * @param hostProbe the address from which health probes come, past the proxy
     * @param dnsCapture whether DNS queries over UDP and TCP go to the proxy
     * @param ingress whether inbound connections bypass the proxy, as for a gateway; only with {@link Profile#REDIRECT}
     * @param virtualInterfaces interfaces of machines nested in the pod, whose traffic counts as outbound; only with {@link
     *     Profile#REDIRECT}
     * @throws IllegalArgumentException if the probe address is of the other family, an option needs the other profile, or no
     *     interface can have a name in the list
     */
    public InPodRedirection {
        if (IpFamily.of(hostProbe) != family) {
            throw new IllegalArgumentException("hostProbe " + AddressText.of(hostProbe) + " in rules for " + family);
        }
        if (profile == Profile.TPROXY && (ingress || !virtualInterfaces.isEmpty())) {
            throw new IllegalArgumentException((ingress ? "ingress" : "virtualInterfaces") + " needs the profile REDIRECT");
        }
        virtualInterfaces = List.copyOf(virtualInterfaces);
        virtualInterfaces.forEach(name -> checkVirtualInterface("virtual interface", name));
    }

    /**
     * The defaults: {@link Profile#REDIRECT}, probes from 169.254.7.127 or fd16:9254:7127:1337:ffff:ffff:ffff:ffff, and no further option.
     *
     * @param family the family of the rules
     * @return the options
     */
    public static InPodRedirection of(IpFamily family) {
        return new InPodRedirection(Profile.REDIRECT, family, InPodConstants.hostProbe(family), false, false, List.of());
    }

    /**
     * Changes the profile.
     *
     * @param value how inbound connections reach the proxy
     * @return a copy with that profile
     */
    public InPodRedirection withProfile(Profile value) {
        return new InPodRedirection(value, family, hostProbe, dnsCapture, ingress, virtualInterfaces);
    }

    /**
     * Changes the probe address.
     *
     * @param value from where health probes come
     * @return a copy with that address
     */
    public InPodRedirection withHostProbe(InetAddress value) {
        return new InPodRedirection(profile, family, value, dnsCapture, ingress, virtualInterfaces);
    }

    /**
     * Switches DNS capture.
     *
     * @param value whether DNS goes to the proxy
     * @return a copy with that setting
     */
    public InPodRedirection withDnsCapture(boolean value) {
        return new InPodRedirection(profile, family, hostProbe, value, ingress, virtualInterfaces);
    }

    /**
     * Switches ingress mode.
     *
     * @param value whether inbound connections bypass the proxy
     * @return a copy with that setting
     */
    public InPodRedirection withIngress(boolean value) {
        return new InPodRedirection(profile, family, hostProbe, dnsCapture, value, virtualInterfaces);
    }

    /**
     * Names the interfaces of nested machines.
     *
     * @param value interface names
     * @return a copy with those interfaces
     */
    public InPodRedirection withVirtualInterfaces(List<String> value) {
        return new InPodRedirection(profile, family, hostProbe, dnsCapture, ingress, value);
    }

    static String checkVirtualInterface(String field, String name) {
        return InterfaceNames.check(field, name);
    }

    /**
     * Makes a pod's own wishes count.
     *
     * @param overrides what it wants otherwise
     * @return a copy in which they replace these options
     * @throws IllegalArgumentException if they don't fit the profile
     */
    public InPodRedirection with(PodOverrides overrides) {
        return new InPodRedirection(profile, family, hostProbe, overrides.dnsCapture().orElse(dnsCapture), ingress || overrides.ingress(),
                overrides.virtualInterfaces().isEmpty() ? virtualInterfaces : overrides.virtualInterfaces());
    }

    /** {@return the rules} */
    public RuleSet ruleSet() {
        Draft draft = new Draft();
        addTo(draft);
        return draft.of(family);
    }

    void addTo(Draft tables) {
        tables.add(TableName.MANGLE, TO_IN, TO_OUT, new Chain(IN, mangleIn()), Chain.of(OUT, MARK_REPLY));
        tables.add(TableName.NAT, TO_OUT, new Chain(OUT, natOut()));
        if (profile == Profile.REDIRECT) {
            tables.add(TableName.NAT, TO_IN, new Chain(IN, natIn()));
        }
        if (dnsCapture) {
            tables.add(TableName.RAW, TO_IN, TO_OUT, Chain.of(IN, ZONE_OF_ANSWERS), Chain.of(OUT, ZONE_OF_QUERIES));
        }
    }

    /**
     * The rules of one or both families for {@code inet} tables, chain by chain and rule by rule as Istio's node agent writes them with nft.
     * A rule without addresses is there once and holds for both families, even if only one is redirected; Istio has it so.
     *
     * @param redirections one for each family, IPv4 first, at least one
     * @return the rules
     */
    public static RuleSet inet(List<InPodRedirection> redirections) {
        return InetPodRules.of(redirections).ofBoth();
    }

    private List<Rule> mangleIn() {
        if (profile != Profile.TPROXY) {
            return List.of(MARK_CONNECTION);
        }
        return List.of(MARK_CONNECTION,
                Rule.of(ACCEPT, fromProbe(), IS_TCP, WHOLE_TCP),
                Rule.of(ACCEPT, notLocalhost(), in("lo"), IS_TCP),
                HAND_OVER_HBONE,
                PASS_KNOWN,
                Rule.of(new Target.Tproxy(INBOUND_PLAINTEXT_PORT, LOOPED), notLocalhost(), IS_TCP, UNMARKED));
    }

    private List<Rule> natIn() {
        List<Rule> rules = new ArrayList<>();
        for (String name : virtualInterfaces) {
            rules.add(Rule.of(redirect(OUTBOUND_PORT), in(name), IS_TCP));
            rules.add(Rule.of(new Target.Return(), in(name), IS_TCP));
        }
        if (!ingress) {
            rules.add(Rule.of(ACCEPT, fromProbe(), IS_TCP, WHOLE_TCP));
            rules.add(Rule.of(redirect(INBOUND_PLAINTEXT_PORT), notLocalhost(), IS_TCP, destinationPort(TCP, Ports.of(HBONE_PORT)).not(), UNMARKED));
        }
        return rules;
    }

    private List<Rule> natOut() {
        List<Rule> rules = new ArrayList<>();
        rules.add(Rule.of(ACCEPT, toProbe(), IS_TCP, WHOLE_TCP));
        if (dnsCapture) {
            rules.add(REDIRECT_DNS);
            rules.add(Rule.of(redirect(DNS_PORT), notLocalhost(), IS_TCP, destinationPort(TCP, Ports.of(53)), UNMARKED));
        }
        rules.add(PASS_LOOPED);
        rules.add(Rule.of(ACCEPT, notLocalhost(), out("lo")));
        rules.add(Rule.of(redirect(OUTBOUND_PORT), notLocalhost(), IS_TCP, UNMARKED));
        return rules;
    }

    /** What is let through on its way in, and by the guard on its way to a nested machine. */
    Match fromProbe() {
        return source(IpPrefix.of(hostProbe));
    }

    /** What isn't redirected on its way out, and so is let through by the guard. */
    Match toProbe() {
        return destination(IpPrefix.of(hostProbe));
    }

    private Match notLocalhost() {
        return destination(IpPrefix.of(family.loopback())).not();
    }

    private static Target redirect(int port) {
        return new Target.Redirect(Ports.of(port));
    }
}
