package io.inpod.iptables.backend.guarantee;

import static io.inpod.netns.InPodConstants.DNS_PORT;
import static io.inpod.netns.InPodConstants.HBONE_PORT;
import static io.inpod.netns.InPodConstants.INBOUND_PLAINTEXT_PORT;
import static io.inpod.netns.InPodConstants.OUTBOUND_PORT;
import static io.inpod.netns.InPodConstants.PROXY_MARK;
import static io.inpod.netns.InPodConstants.TPROXY_MARK;

import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/**
 * Tries the guarantees of one family in a twin: first those by which packets arrive somewhere, one after the other; then, with strangers at
 * the proxy's ports, those by which they don't, all together.
 */
final class FamilyTrial {
    private static final int APP = Diversion.TO;
    private static final int CLIENT = 8082;
    private static final int ANY = 8083;
    private static final int DNS = 53;
    private static final int[] PROXY_PORTS = {OUTBOUND_PORT, INBOUND_PLAINTEXT_PORT, HBONE_PORT, DNS_PORT};
    private static final String AT_APP = "the application";
    private static final String IN_CLEAR = "the peer, past the proxy";

    private final PodRules rules;
    private final IpFamily family;
    private final PodTwin twin;
    private final TrialTraffic traffic;
    private final Blame blame;
    private final InetAddress pod;
    private final InetAddress peer;
    private final List<TrialResult> results = new ArrayList<>();

    FamilyTrial(PodRules rules, IpFamily family, PodTwin twin, TrialTraffic traffic, Blame blame) {
        this.rules = rules;
        this.family = family;
        this.twin = twin;
        this.traffic = traffic;
        this.blame = blame;
        this.pod = twin.podAddress(family);
        this.peer = twin.outsideAddress(family);
    }

    List<TrialResult> run() throws IOException {
        List<Attempt> attempts = Guarantee.of(rules, family).stream().map(this::attempt).toList();
        List<Attempt> inVain = attempts.stream().filter(Attempt::isInVain).toList();
        try {
            listen();
            for (int port : PROXY_PORTS) {
                traffic.listen(twin.pod(), family, port, port(port));
            }
            traffic.receive(twin.pod(), family, DNS_PORT, port(DNS_PORT));
            for (Attempt attempt : attempts) {
                if (!attempt.isInVain()) {
                    carryOut(attempt);
                }
            }
            traffic.stopListening();
            if (!inVain.isEmpty()) {
                listen();
                for (int port : PROXY_PORTS) {
                    traffic.squat(twin.pod(), family, port, "a stranger at " + port(port));
                }
                traffic.watch(twin.outside(), APP, IN_CLEAR);
                inVain(inVain);
            }
        } finally {
            traffic.stopListening();
        }
        results.sort(Comparator.comparing(TrialResult::guarantee));
        return results;
    }

    private void listen() throws IOException {
        traffic.listen(twin.pod(), family, APP, AT_APP);
        traffic.listen(twin.outside(), family, APP, IN_CLEAR);
        traffic.listen(twin.outside(), family, DNS, IN_CLEAR);
        traffic.receive(twin.outside(), family, DNS, IN_CLEAR);
        traffic.receiveFences(twin.pod(), family);
        traffic.receiveFences(twin.outside(), family);
    }

    /** The place of a connection that arrives at one of the proxy's ports. */
    private static String port(int number) {
        return "port " + number;
    }

    private Attempt attempt(Guarantee guarantee) {
        return switch (guarantee) {
            case OUTBOUND -> new Attempt(guarantee, port(OUTBOUND_PORT), outbound());
            case INBOUND -> new Attempt(guarantee, redirection().ingress() ? AT_APP : port(INBOUND_PLAINTEXT_PORT), inbound(APP));
            case HBONE -> new Attempt(guarantee, port(HBONE_PORT), inbound(HBONE_PORT));
            case MARKED -> new Attempt(guarantee, IN_CLEAR, marked());
            case RETURNED -> returned();
            // This process isn't the proxy: where only the proxy may use its mark, this one is forged.
            case FORGED -> new Attempt(guarantee, TrialTraffic.SILENCE, marked());
            case CONTAINED -> new Attempt(guarantee, TrialTraffic.SILENCE, fromPod(peer, Diversion.PORT));
            case PROBE_ADDRESS -> new Attempt(guarantee, TrialTraffic.SILENCE, fromPod(redirection().hostProbe(), APP));
            case REPEATED -> new Attempt(guarantee, port(INBOUND_PLAINTEXT_PORT),
                    List.of(TrialPacket.connection(twin.outside(), pod, APP).from(peer, CLIENT).again()));
            case SEALED -> new Attempt(guarantee, TrialTraffic.SILENCE, inbound(Diversion.PORT));
            case PORTS -> new Attempt(guarantee, TrialTraffic.SILENCE, toStrangers());
            case LOOPBACK -> new Attempt(guarantee, AT_APP, fromPod(family.loopback(), APP));
            case OWN_ADDRESS -> new Attempt(guarantee, AT_APP, fromPod(pod, APP));
            case DNS_UDP -> new Attempt(guarantee, port(DNS_PORT), List.of(TrialPacket.datagram(twin.pod(), peer, DNS)));
            case DNS_TCP -> new Attempt(guarantee, port(DNS_PORT), fromPod(peer, DNS));
            case HOST_PROBE -> new Attempt(guarantee, AT_APP,
                    List.of(TrialPacket.connection(twin.outside(), pod, APP).from(redirection().hostProbe(), 0)));
            case NESTED -> new Attempt(guarantee, port(OUTBOUND_PORT),
                    List.of(TrialPacket.connection(Objects.requireNonNull(twin.nested(), "no nested machine"), peer, APP)));
            case REJECTED_OUTBOUND -> new Attempt(guarantee, TrialTraffic.REFUSED, outbound());
            case REJECTED_INBOUND -> new Attempt(guarantee, TrialTraffic.REFUSED, inbound(APP));
        };
    }

    private InPodRedirection redirection() {
        return rules.redirection(family).orElseThrow();
    }

    private List<TrialPacket> fromPod(InetAddress to, int port) {
        return List.of(TrialPacket.connection(twin.pod(), to, port));
    }

    private List<TrialPacket> outbound() {
        return fromPod(peer, APP);
    }

    private List<TrialPacket> inbound(int port) {
        return List.of(TrialPacket.connection(twin.outside(), pod, port));
    }

    private List<TrialPacket> marked() {
        return List.of(TrialPacket.connection(twin.pod(), peer, APP).marked(PROXY_MARK));
    }

    /**
     * Connects as the proxy does, with the client's address. Where only the proxy may use its mark, a datagram with the mark of the app's
     * answers takes their way instead.
     */
    private Attempt returned() {
        return rules.proxyCgroups().isEmpty()
                ? new Attempt(Guarantee.RETURNED, AT_APP,
                        List.of(TrialPacket.connection(twin.pod(), pod, APP).marked(PROXY_MARK).from(peer, 0)))
                : new Attempt(Guarantee.RETURNED, port(DNS_PORT),
                        List.of(TrialPacket.datagram(twin.pod(), peer, DNS_PORT).marked(TPROXY_MARK)));
    }

    /** What the rules lead to the proxy's ports, and what is sent there directly. */
    private List<TrialPacket> toStrangers() {
        InPodRedirection redirection = redirection();
        List<TrialPacket> packets = new ArrayList<>(outbound());
        packets.addAll(inbound(HBONE_PORT));
        packets.addAll(fromPod(family.loopback(), OUTBOUND_PORT));
        packets.addAll(fromPod(family.loopback(), HBONE_PORT));
        if (!redirection.ingress()) {
            packets.addAll(inbound(ANY));
            packets.addAll(fromPod(family.loopback(), INBOUND_PLAINTEXT_PORT));
        }
        if (redirection.dnsCapture()) {
            packets.addAll(fromPod(peer, DNS));
            packets.addAll(fromPod(family.loopback(), DNS_PORT));
            packets.add(TrialPacket.datagram(twin.pod(), peer, DNS));
        }
        return packets;
    }

    /** Only if something arrives is each tried by itself. */
    private void inVain(List<Attempt> attempts) throws IOException {
        List<TrialPacket> packets = attempts.stream().flatMap(attempt -> attempt.packets().stream()).toList();
        boolean silent = traffic.sendInVain(packets).equals(TrialTraffic.SILENCE);
        for (Attempt attempt : attempts) {
            if (silent) {
                results.add(new TrialResult(family, attempt.guarantee(), true, attempt.expected(), TrialTraffic.SILENCE, List.of()));
            } else {
                carryOut(attempt);
            }
        }
    }

    /** A broken guarantee is tried again, to see which rules the packet meets: nothing else sends in the twin. */
    private void carryOut(Attempt attempt) throws IOException {
        String observed = attempt.isInVain() ? traffic.sendInVain(attempt.packets()) : traffic.send(attempt.packets());
        List<String> blamed = List.of();
        if (!observed.equals(attempt.expected())) {
            Blame.Met met = blame.met(attempt);
            observed = attempt.isInVain() ? traffic.sendInVain(attempt.packets()) : traffic.send(attempt.packets(), met::explainsLoss);
            blamed = observed.equals(attempt.expected()) ? blamed : met.blamed();
        }
        results.add(
                new TrialResult(family, attempt.guarantee(), observed.equals(attempt.expected()), attempt.expected(), observed, blamed));
    }
}
