package io.inpod.iptables.backend.guarantee;

import static io.inpod.netns.InPodConstants.DNS_PORT;
import static io.inpod.netns.InPodConstants.HBONE_PORT;
import static io.inpod.netns.InPodConstants.INBOUND_PLAINTEXT_PORT;
import static io.inpod.netns.InPodConstants.OUTBOUND_PORT;
import static io.inpod.netns.InPodConstants.PROXY_MARK;
import static io.inpod.netns.InPodConstants.TPROXY_MARK;

import io.inpod.iptables.backend.internal.tools.KernelFamilies;
import io.inpod.iptables.backend.internal.tools.ToolRun;
import io.inpod.iptables.backend.tools.IptablesTools;
import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.doctor.InPodSurroundings;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Tries the guarantees of {@link PodRules} with real packets, and reports which are broken and by which rule.
 *
 * <p>The pod itself isn't touched: all of its rules, its policy routing, and the settings on which both depend are copied into a twin, a
 * pod that is created for the purpose, and the packets are sent there. The pod's own links, addresses and routes, and the proxy's listeners
 * aren't tested. Needs {@code netns-sockets}, the tools iptables and nft, and CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_NET_RAW. Blocks for a
 * second or two; a broken guarantee may take some seconds more. May be called on any platform thread, and for several pods concurrently.
 */
public final class GuaranteeTrial {
    private static final int APP = 8080;
    /** In the twin, connections to this port bypass the redirection, as if another program had diverted them. */
    private static final int DIVERTED = 8081;
    private static final int CLIENT = 8082;
    private static final String AT_APP = "the application";
    private static final String IN_CLEAR = "the peer, past the proxy";

    private final PodRules rules;
    private final IptablesTools tools;
    private final Duration patience;

    /**
     * Creates a trial that uses the system's tools and waits 5 s for a packet to arrive.
     *
     * @param rules the rules whose guarantees are tried
     */
    public GuaranteeTrial(PodRules rules) {
        this(rules, IptablesTools.system(), Duration.ofSeconds(5));
    }

    /**
     * Creates a trial.
     *
     * @param rules the rules whose guarantees are tried
     * @param tools the tools with which rules are copied; the variant doesn't matter
     * @param patience how long to wait for a packet before it counts as lost, more than 0
     */
    public GuaranteeTrial(PodRules rules, IptablesTools tools, Duration patience) {
        this.rules = rules;
        this.tools = tools;
        this.patience = patience;
    }

    /**
     * Tries every guarantee.
     *
     * @param namespace the namespace of the pod
     * @return the result for each guarantee, IPv4 first
     * @throws IOException if the rules can't be copied or the means to try them are missing; nothing is known about the guarantees then
     */
    public List<TrialResult> run(NetworkNamespace namespace) throws IOException {
        List<TrialResult> results = new ArrayList<>();
        try (PodTwin twin = PodTwin.create(rules); TrialTraffic traffic = new TrialTraffic(patience)) {
            RulesCopy copy = new RulesCopy(tools, namespace);
            copy.into(twin.pod());
            twin.surroundingsOf(namespace);
            List<String> findings = surroundings().diff(namespace);
            for (IpFamily family : IpFamily.values()) {
                if (KernelFamilies.has(family)) {
                    new FamilyTrial(family, twin, traffic, copy, findings, results).run();
                }
            }
        }
        return results;
    }

    private InPodSurroundings surroundings() {
        return new InPodSurroundings(
                rules.redirections().stream().anyMatch(redirection -> redirection.profile() == InPodRedirection.Profile.TPROXY),
                rules.redirections().stream().map(InPodRedirection::family).collect(Collectors.toSet()));
    }

    /** {@return the guarantees that {@link #run} tries, in words} */
    public List<String> guarantees() {
        List<String> words = new ArrayList<>();
        for (IpFamily family : IpFamily.values()) {
            List<Guarantee> guarantees = rules.redirection(family).map(this::guarantees)
                    .orElse(List.of(Guarantee.REJECTED_OUTBOUND, Guarantee.REJECTED_INBOUND));
            guarantees.forEach(guarantee -> words.add(family + ": " + guarantee.words()));
            words.add(family + ": " + Guarantee.LOOPBACK.words());
            words.add(family + ": " + Guarantee.OWN_ADDRESS.words());
        }
        return words;
    }

    private List<Guarantee> guarantees(InPodRedirection redirection) {
        List<Guarantee> guarantees = new ArrayList<>(List.of(Guarantee.OUTBOUND, Guarantee.INBOUND, Guarantee.HBONE,
                !rules.proxyCgroups().isEmpty() ? Guarantee.FORGED : Guarantee.MARKED, Guarantee.RETURNED, Guarantee.HOST_PROBE));
        if (rules.guard()) {
            guarantees.add(Guarantee.CONTAINED);
            guarantees.add(Guarantee.PROBE_ADDRESS);
        }
        if (isSelective(redirection)) {
            guarantees.add(Guarantee.REPEATED);
        }
        if (isSealed(redirection)) {
            guarantees.add(Guarantee.SEALED);
        }
        if (redirection.dnsCapture()) {
            guarantees.addAll(List.of(Guarantee.DNS_UDP, Guarantee.DNS_TCP));
        }
        if (!redirection.virtualInterfaces().isEmpty()) {
            guarantees.add(Guarantee.NESTED);
        }
        return guarantees;
    }

    /** Whether the proxy's listeners are the only way in. */
    private boolean isSelective(InPodRedirection redirection) {
        return rules.guard() && !redirection.ingress();
    }

    /** With TPROXY, a foreign nat rule comes too late to divert anything. */
    private boolean isSealed(InPodRedirection redirection) {
        return isSelective(redirection) && redirection.profile() == InPodRedirection.Profile.REDIRECT;
    }

    /** The place of a connection that arrives at one of the proxy's ports. */
    private static String port(int number) {
        return "port " + number;
    }

    private interface Packet {
        String send() throws IOException;
    }

    /** The guarantees of one family. */
    private final class FamilyTrial {
        private final IpFamily family;
        private final PodTwin twin;
        private final TrialTraffic traffic;
        private final RulesCopy copy;
        private final List<String> findings;
        private final List<TrialResult> results;
        private final InetSocketAddress pod;
        private final InetSocketAddress peer;

        FamilyTrial(IpFamily family, PodTwin twin, TrialTraffic traffic, RulesCopy copy, List<String> findings,
                List<TrialResult> results) {
            this.family = family;
            this.twin = twin;
            this.traffic = traffic;
            this.copy = copy;
            this.findings = findings;
            this.results = results;
            this.pod = new InetSocketAddress(twin.podAddress(family), APP);
            this.peer = new InetSocketAddress(twin.outsideAddress(family), APP);
        }

        void run() throws IOException {
            for (int port : new int[] {OUTBOUND_PORT, INBOUND_PLAINTEXT_PORT, HBONE_PORT, DNS_PORT}) {
                traffic.listen(twin.pod(), family, port, port(port));
            }
            traffic.listen(twin.pod(), family, APP, AT_APP);
            traffic.listen(twin.outside(), family, APP, IN_CLEAR);
            traffic.listen(twin.outside(), family, 53, IN_CLEAR);
            traffic.receive(twin.pod(), family, DNS_PORT, port(DNS_PORT));
            traffic.receive(twin.outside(), family, 53, IN_CLEAR);
            traffic.receive(twin.pod(), family, DIVERTED, TrialTraffic.FENCE);
            traffic.receive(twin.outside(), family, DIVERTED, TrialTraffic.FENCE);
            try {
                Optional<InPodRedirection> redirection = rules.redirection(family);
                if (redirection.isPresent()) {
                    redirected(redirection.get());
                } else {
                    attempt(Guarantee.REJECTED_OUTBOUND, TrialTraffic.REFUSED, () -> connect(twin.pod(), peer));
                    attempt(Guarantee.REJECTED_INBOUND, TrialTraffic.REFUSED, () -> connect(twin.outside(), pod));
                }
                attempt(Guarantee.LOOPBACK, AT_APP, () -> connect(twin.pod(), new InetSocketAddress(family.loopback(), APP)));
                attempt(Guarantee.OWN_ADDRESS, AT_APP, () -> connect(twin.pod(), pod));
            } finally {
                traffic.stopListening();
            }
        }

        private void redirected(InPodRedirection redirection) throws IOException {
            attempt(Guarantee.OUTBOUND, port(OUTBOUND_PORT), () -> connect(twin.pod(), peer));
            attempt(Guarantee.INBOUND, redirection.ingress() ? AT_APP : port(INBOUND_PLAINTEXT_PORT), () -> connect(twin.outside(), pod));
            attempt(Guarantee.HBONE, port(HBONE_PORT), () -> connect(twin.outside(), new InetSocketAddress(pod.getAddress(), HBONE_PORT)));
            // This process isn't the proxy: with the option proxyCgroup, its mark is forged.
            if (!rules.proxyCgroups().isEmpty()) {
                attempt(Guarantee.FORGED, TrialTraffic.SILENCE, () -> traffic.connectInVain(twin.pod(), PROXY_MARK, peer, DIVERTED));
            } else {
                attempt(Guarantee.MARKED, IN_CLEAR, () -> traffic.connect(twin.pod(), PROXY_MARK, null, peer));
            }
            returned();
            attempt(Guarantee.HOST_PROBE, AT_APP,
                    () -> traffic.connect(twin.outside(), 0, new InetSocketAddress(redirection.hostProbe(), 0), pod));
            if (rules.guard()) {
                divert();
                attempt(Guarantee.CONTAINED, TrialTraffic.SILENCE,
                        () -> traffic.connectUnseen(twin.pod(), new InetSocketAddress(peer.getAddress(), DIVERTED), DIVERTED,
                                twin.outside(), APP, IN_CLEAR));
                attempt(Guarantee.PROBE_ADDRESS, TrialTraffic.SILENCE,
                        () -> traffic.connectUnseen(twin.pod(), new InetSocketAddress(redirection.hostProbe(), APP), DIVERTED,
                                twin.outside(), APP, IN_CLEAR));
            }
            if (isSelective(redirection)) {
                attempt(Guarantee.REPEATED, port(INBOUND_PLAINTEXT_PORT),
                        () -> traffic.connectAgain(twin.outside(), new InetSocketAddress(peer.getAddress(), CLIENT), pod));
            }
            if (isSealed(redirection)) {
                attempt(Guarantee.SEALED, TrialTraffic.SILENCE,
                        () -> traffic.connectInVain(twin.outside(), 0, new InetSocketAddress(pod.getAddress(), DIVERTED), DIVERTED));
            }
            if (redirection.dnsCapture()) {
                InetSocketAddress resolver = new InetSocketAddress(peer.getAddress(), 53);
                attempt(Guarantee.DNS_UDP, port(DNS_PORT), () -> traffic.send(twin.pod(), 0, resolver));
                attempt(Guarantee.DNS_TCP, port(DNS_PORT), () -> connect(twin.pod(), resolver));
            }
            NetworkNamespace nested = twin.nested();
            if (nested != null && !redirection.virtualInterfaces().isEmpty()) {
                attempt(Guarantee.NESTED, port(OUTBOUND_PORT), () -> connect(nested, peer));
            }
        }

        /**
         * Connects as the proxy does, with the client's address. Where only the proxy may use its mark, a datagram with the mark of the
         * app's answers takes their way instead.
         */
        private void returned() throws IOException {
            if (rules.proxyCgroups().isEmpty()) {
                attempt(Guarantee.RETURNED, AT_APP,
                        () -> traffic.connectAs(twin.pod(), PROXY_MARK, new InetSocketAddress(peer.getAddress(), 0), pod));
            } else {
                attempt(Guarantee.RETURNED, port(DNS_PORT),
                        () -> traffic.send(twin.pod(), TPROXY_MARK, new InetSocketAddress(peer.getAddress(), DNS_PORT)));
            }
        }

        /** Before all copied nat chains of either kind: a connection whose destination is chosen here doesn't meet them. */
        private void divert() throws IOException {
            StringBuilder script = new StringBuilder("table ").append(family == IpFamily.V4 ? "ip" : "ip6").append(" inpod-probe {");
            Map.of("output", peer, "prerouting", pod).forEach((hook, to) -> {
                String address = AddressText.of(to.getAddress());
                script.append(String.format(
                        " chain %1$s { type nat hook %1$s priority -110; %2$s daddr %3$s tcp dport %4$d dnat to %5$s:%6$d; };", hook,
                        family == IpFamily.V4 ? "ip" : "ip6", address, DIVERTED, family == IpFamily.V4 ? address : "[" + address + "]",
                        APP));
            });
            new ToolRun(tools, twin.pod()).nft(script.append(" }").toString(), "-f", "-");
        }

        private String connect(NetworkNamespace from, InetSocketAddress to) {
            return traffic.connect(from, 0, null, to);
        }

        /** A broken guarantee is tried again, to see which rules the packet meets: nothing else sends in the twin. */
        private void attempt(Guarantee guarantee, String expected, Packet packet) throws IOException {
            String observed = packet.send();
            boolean holds = observed.equals(expected);
            List<String> blamed = new ArrayList<>();
            if (!holds) {
                Map<String, Long> before = copy.counted(twin.pod());
                observed = packet.send();
                holds = observed.equals(expected);
                if (!holds) {
                    blamed.addAll(blamed(before, copy.counted(twin.pod()), guarantee, expected));
                }
            }
            results.add(new TrialResult(family, guarantee, holds, expected, observed, blamed));
        }

        private List<String> blamed(Map<String, Long> before, Map<String, Long> after, Guarantee guarantee, String expected)
                throws IOException {
            RuleTexts wanted = new RuleTexts(rules.ruleSet(family), family);
            List<String> met = new ArrayList<>();
            after.forEach((rule, packets) -> {
                if (packets > before.getOrDefault(rule, 0L) && !wanted.contains(rule)) {
                    met.add("met " + rule);
                }
            });
            if (met.isEmpty() && guarantee == Guarantee.RETURNED && !twin.returns(family)) {
                return List.of(String.format("packets with the mark 0x%x aren't routed back to the pod: there is no \"%s\", or no \"%s\"",
                        TPROXY_MARK, PodTwin.rule(family), PodTwin.route(family)));
            }
            if (met.isEmpty() && !findings.isEmpty()) {
                return findings;
            }
            String missed = met.isEmpty() ? wanted.ensuring(guarantee, expected) : null;
            return missed == null ? met : List.of("no rule caught it; this one should have: " + missed);
        }
    }
}
