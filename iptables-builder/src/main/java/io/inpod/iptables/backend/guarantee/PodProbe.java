package io.inpod.iptables.backend.guarantee;

import static io.inpod.netns.InPodConstants.DNS_PORT;
import static io.inpod.netns.InPodConstants.HBONE_PORT;
import static io.inpod.netns.InPodConstants.INBOUND_PLAINTEXT_PORT;
import static io.inpod.netns.InPodConstants.OUTBOUND_PORT;

import io.inpod.iptables.backend.IptablesTools;
import io.inpod.iptables.backend.ToolRun;
import io.inpod.iptables.internal.AddressText;
import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Puts the promises of {@link PodRules} to the test with real packets: says which are broken, and by which rule.
 *
 * <p>The pod in service isn't touched: its rules, all of them, are copied into a pod that is made for the purpose, and the packets are
 * sent there. What surrounds the rules (routing, the proxy's listeners) isn't tested. Needs {@code netns-sockets}, the tools iptables
 * and nft, and CAP_SYS_ADMIN and CAP_NET_ADMIN. Blocks, for a second or two; a broken promise may take some seconds more. May be
 * called on any platform thread; for several pods at once on several threads.
 */
public final class PodProbe {
    private static final int APP = 8080;
    /** Connections to this port are led past the redirection in the twin, as a foreign program might do it. */
    private static final int DIVERTED = 8081;
    private static final String AT_APP = "the application";
    private static final String IN_CLEAR = "the peer, past the proxy";

    private final PodRules rules;
    private final IptablesTools tools;
    private final Duration patience;

    /**
     * Prepares a probe that uses the system's tools and waits 5 s for a packet to arrive.
     *
     * @param rules whose promises are to be tried
     */
    public PodProbe(PodRules rules) {
        this(rules, IptablesTools.system(), Duration.ofSeconds(5));
    }

    /**
     * Prepares a probe.
     *
     * @param rules whose promises are to be tried
     * @param tools the tools with which rules are copied; the variant doesn't matter
     * @param patience how long to wait for a packet before it counts as lost, more than 0
     */
    public PodProbe(PodRules rules, IptablesTools tools, Duration patience) {
        this.rules = rules;
        this.tools = tools;
        this.patience = patience;
    }

    /**
     * Tries every promise.
     *
     * @param namespace the pod's
     * @return how each fared, IPv4 first
     * @throws IOException if the rules can't be copied or the means to try them are missing; nothing is known about the promises then
     */
    public List<ProbeFinding> run(NetworkNamespace namespace) throws IOException {
        List<ProbeFinding> findings = new ArrayList<>();
        try (ProbeTwin twin = ProbeTwin.create(rules); ProbeLoop loop = new ProbeLoop(patience)) {
            RulesCopy copy = new RulesCopy(tools, namespace);
            copy.into(twin.pod());
            for (IpFamily family : IpFamily.values()) {
                if (ProbeTwin.has(family)) {
                    new Trial(family, twin, loop, copy, findings).run();
                }
            }
        }
        return findings;
    }

    /** {@return the promises that {@link #run} tries, in words} */
    public List<String> promises() {
        List<String> words = new ArrayList<>();
        for (IpFamily family : IpFamily.values()) {
            List<Guarantee> promises = rules.redirection(family).map(this::promises).orElse(List.of(Guarantee.REJECTED_OUTBOUND, Guarantee.REJECTED_INBOUND));
            promises.forEach(promise -> words.add(family + ": " + promise.words()));
            words.add(family + ": " + Guarantee.LOOPBACK.words());
            words.add(family + ": " + Guarantee.OWN_ADDRESS.words());
        }
        return words;
    }

    private List<Guarantee> promises(InPodRedirection redirection) {
        List<Guarantee> promises = new ArrayList<>(List.of(Guarantee.OUTBOUND, Guarantee.INBOUND, Guarantee.HBONE,
                rules.markOwner().isPresent() ? Guarantee.FORGED : Guarantee.MARKED, Guarantee.HOST_PROBE));
        if (rules.guard()) {
            promises.add(Guarantee.CONTAINED);
        }
        if (isSealed(redirection)) {
            promises.add(Guarantee.SEALED);
        }
        if (redirection.dnsCapture()) {
            promises.addAll(List.of(Guarantee.DNS_UDP, Guarantee.DNS_TCP));
        }
        if (!redirection.virtualInterfaces().isEmpty()) {
            promises.add(Guarantee.NESTED);
        }
        return promises;
    }

    /** With TPROXY a foreign nat rule comes too late to lead anything away. */
    private boolean isSealed(InPodRedirection redirection) {
        return rules.guard() && !redirection.ingress() && redirection.profile() == InPodRedirection.Profile.REDIRECT;
    }

    /** The place of a connection that arrives at one of the proxy's ports. */
    private static String port(int number) {
        return "port " + number;
    }

    private interface Packet {
        String send() throws IOException;
    }

    /** The promises of one family. */
    private final class Trial {
        private final IpFamily family;
        private final ProbeTwin twin;
        private final ProbeLoop loop;
        private final RulesCopy copy;
        private final List<ProbeFinding> findings;
        private final InetSocketAddress pod;
        private final InetSocketAddress peer;

        Trial(IpFamily family, ProbeTwin twin, ProbeLoop loop, RulesCopy copy, List<ProbeFinding> findings) {
            this.family = family;
            this.twin = twin;
            this.loop = loop;
            this.copy = copy;
            this.findings = findings;
            this.pod = new InetSocketAddress(twin.podAddress(family), APP);
            this.peer = new InetSocketAddress(twin.outsideAddress(family), APP);
        }

        void run() throws IOException {
            for (int port : new int[] {OUTBOUND_PORT, INBOUND_PLAINTEXT_PORT, HBONE_PORT, DNS_PORT}) {
                loop.listen(twin.pod(), family, port, port(port));
            }
            loop.listen(twin.pod(), family, APP, AT_APP);
            loop.listen(twin.outside(), family, APP, IN_CLEAR);
            loop.listen(twin.outside(), family, 53, IN_CLEAR);
            loop.receive(twin.pod(), family, DNS_PORT, port(DNS_PORT));
            loop.receive(twin.outside(), family, 53, IN_CLEAR);
            loop.receive(twin.pod(), family, DIVERTED, ProbeLoop.FENCE);
            loop.receive(twin.outside(), family, DIVERTED, ProbeLoop.FENCE);
            try {
                Optional<InPodRedirection> redirection = rules.redirection(family);
                if (redirection.isPresent()) {
                    redirected(redirection.get());
                } else {
                    attempt(Guarantee.REJECTED_OUTBOUND, ProbeLoop.REFUSED, () -> connect(twin.pod(), peer));
                    attempt(Guarantee.REJECTED_INBOUND, ProbeLoop.REFUSED, () -> connect(twin.outside(), pod));
                }
                attempt(Guarantee.LOOPBACK, AT_APP, () -> connect(twin.pod(), new InetSocketAddress(family.loopback(), APP)));
                attempt(Guarantee.OWN_ADDRESS, AT_APP, () -> connect(twin.pod(), pod));
            } finally {
                loop.stopListening();
            }
        }

        private void redirected(InPodRedirection redirection) throws IOException {
            attempt(Guarantee.OUTBOUND, port(OUTBOUND_PORT), () -> connect(twin.pod(), peer));
            attempt(Guarantee.INBOUND, redirection.ingress() ? AT_APP : port(INBOUND_PLAINTEXT_PORT), () -> connect(twin.outside(), pod));
            attempt(Guarantee.HBONE, port(HBONE_PORT), () -> connect(twin.outside(), new InetSocketAddress(pod.getAddress(), HBONE_PORT)));
            // This process isn't the proxy: with the option markOwner its mark is a forgery.
            int mark = InPodRedirection.PROXY.value();
            if (rules.markOwner().isPresent()) {
                attempt(Guarantee.FORGED, ProbeLoop.SILENCE, () -> loop.connectInVain(twin.pod(), mark, peer, DIVERTED));
            } else {
                attempt(Guarantee.MARKED, IN_CLEAR, () -> loop.connect(twin.pod(), mark, null, peer));
            }
            attempt(Guarantee.HOST_PROBE, AT_APP,
                    () -> loop.connect(twin.outside(), 0, new InetSocketAddress(redirection.hostProbe(), 0), pod));
            if (rules.guard()) {
                divert();
                attempt(Guarantee.CONTAINED, ProbeLoop.SILENCE, () -> loop.connectInVain(twin.pod(), 0, new InetSocketAddress(peer.getAddress(), DIVERTED), DIVERTED));
            }
            if (isSealed(redirection)) {
                attempt(Guarantee.SEALED, ProbeLoop.SILENCE, () -> loop.connectInVain(twin.outside(), 0, new InetSocketAddress(pod.getAddress(), DIVERTED), DIVERTED));
            }
            if (redirection.dnsCapture()) {
                InetSocketAddress resolver = new InetSocketAddress(peer.getAddress(), 53);
                attempt(Guarantee.DNS_UDP, port(DNS_PORT), () -> loop.send(twin.pod(), resolver));
                attempt(Guarantee.DNS_TCP, port(DNS_PORT), () -> connect(twin.pod(), resolver));
            }
            NetworkNamespace nested = twin.nested();
            if (nested != null && !redirection.virtualInterfaces().isEmpty()) {
                attempt(Guarantee.NESTED, port(OUTBOUND_PORT), () -> connect(nested, peer));
            }
        }

        /** Before the nat chains of whichever kind that are copied: what has its destination from here isn't asked about again. */
        private void divert() throws IOException {
            StringBuilder script = new StringBuilder("table ").append(family == IpFamily.V4 ? "ip" : "ip6").append(" inpod-probe {");
            Map.of("output", peer, "prerouting", pod).forEach((hook, to) -> {
                String address = AddressText.of(to.getAddress());
                script.append(String.format(" chain %1$s { type nat hook %1$s priority -110; %2$s daddr %3$s tcp dport %4$d dnat to %5$s:%6$d; };", hook,
                        family == IpFamily.V4 ? "ip" : "ip6", address, DIVERTED, family == IpFamily.V4 ? address : "[" + address + "]", APP));
            });
            new ToolRun(tools, twin.pod()).nft(script.append(" }").toString(), "-f", "-");
        }

        private String connect(NetworkNamespace from, InetSocketAddress to) {
            return loop.connect(from, 0, null, to);
        }

        /** A broken promise is tried again, to see which rules the packet meets: nothing else moves in the twin. */
        private void attempt(Guarantee promise, String expected, Packet packet) throws IOException {
            String observed = packet.send();
            boolean kept = observed.equals(expected);
            List<String> blamed = new ArrayList<>();
            if (!kept) {
                Map<String, Long> before = copy.counted(twin.pod());
                observed = packet.send();
                kept = observed.equals(expected);
                if (!kept) {
                    blamed.addAll(blamed(before, copy.counted(twin.pod()), promise, expected));
                }
            }
            findings.add(new ProbeFinding(family, promise, kept, expected, observed, blamed));
        }

        private List<String> blamed(Map<String, Long> before, Map<String, Long> after, Guarantee promise, String expected) {
            RuleTexts wanted = new RuleTexts(rules.ruleSet(family), family);
            List<String> met = new ArrayList<>();
            after.forEach((rule, packets) -> {
                if (packets > before.getOrDefault(rule, 0L) && !wanted.contains(rule)) {
                    met.add("met " + rule);
                }
            });
            String missed = met.isEmpty() ? wanted.keeping(promise, expected) : null;
            return missed == null ? met : List.of("no rule caught it; this one should have: " + missed);
        }
    }
}
