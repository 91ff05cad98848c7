package io.inpod.iptables.backend.guarantee;

import io.inpod.iptables.pod.InPodRedirection;
import io.inpod.iptables.pod.InPodRedirection.Profile;
import io.inpod.iptables.pod.PodRules;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import java.util.EnumSet;
import java.util.Set;

/** A statement about a pod's traffic that {@link PodRules} ensure. {@link GuaranteeTrial} tries each with packets. */
public enum Guarantee {
    /** TCP from the application to other hosts goes to the proxy's port 15001. */
    OUTBOUND("outbound TCP goes to " + InPodConstants.OUTBOUND_PORT),
    /** Inbound plaintext TCP goes to the proxy's port 15006, or with the option {@code ingress} to the application. */
    INBOUND("inbound TCP goes to " + InPodConstants.INBOUND_PLAINTEXT_PORT),
    /** HBONE arrives at port 15008 unchanged. */
    HBONE(InPodConstants.HBONE_PORT + " is left alone"),
    /** The proxy's own packets, which carry its mark, leave unchanged. */
    MARKED("what carries the proxy's mark passes"),
    /** The app's answers to a connection that the proxy opens with the client's address return to the proxy, by policy routing. */
    RETURNED("answers to a client's address return to the proxy"),
    /** Packets that carry the proxy's mark but come from another process are dropped; only with the option {@code proxyCgroup}. */
    FORGED("a mark that isn't the proxy's own doesn't pass"),
    /** New TCP connections that bypass the redirection because of another program don't leave; only with the guard. */
    CONTAINED("TCP that misses the redirection doesn't leave"),
    /** TCP connections to the address of the health probes don't leave: it is a source, not a destination; only with the guard. */
    PROBE_ADDRESS("TCP to the health probes' address doesn't leave"),
    /** A second inbound connection with the ports of one that was reset goes to the proxy too; only with the guard, and without ingress. */
    REPEATED("a second connection from the same port goes to " + InPodConstants.INBOUND_PLAINTEXT_PORT),
    /** Inbound TCP connections that bypass the redirection don't arrive; only with the guard, profile REDIRECT and without ingress. */
    SEALED("TCP that misses the redirection doesn't arrive"),
    /**
     * What is for the proxy's ports, by the redirection or directly, reaches only sockets with IP_TRANSPARENT, which the proxy's have; only
     * with the guard.
     */
    PORTS("nobody but the proxy receives at its ports"),
    /** TCP to localhost isn't redirected. */
    LOOPBACK("TCP to localhost passes"),
    /** TCP from the pod to its own address isn't redirected. */
    OWN_ADDRESS("TCP to the pod's own address passes"),
    /** DNS queries over UDP go to the proxy's port 15053; only with DNS capture. */
    DNS_UDP("DNS over UDP goes to " + InPodConstants.DNS_PORT),
    /** DNS queries over TCP go to the proxy's port 15053; only with DNS capture. */
    DNS_TCP("DNS over TCP goes to " + InPodConstants.DNS_PORT),
    /** Health probes from the agreed address reach the application without the proxy. */
    HOST_PROBE("health probes bypass the proxy"),
    /** TCP from a machine nested in the pod counts as outbound; only with virtual interfaces. */
    NESTED("TCP of nested machines goes to " + InPodConstants.OUTBOUND_PORT),
    /** Outbound TCP of a family that isn't redirected is rejected. */
    REJECTED_OUTBOUND("outbound TCP is rejected"),
    /** Inbound TCP of a family that isn't redirected is rejected. */
    REJECTED_INBOUND("inbound TCP is rejected");

    private final String words;

    Guarantee(String words) {
        this.words = words;
    }

    /** Returns what rules guarantee for a family, in order. */
    static Set<Guarantee> of(PodRules rules, IpFamily family) {
        Set<Guarantee> all = EnumSet.of(LOOPBACK, OWN_ADDRESS);
        rules.redirection(family).ifPresentOrElse(redirection -> all.addAll(of(rules, redirection)),
                () -> all.addAll(EnumSet.of(REJECTED_OUTBOUND, REJECTED_INBOUND)));
        return all;
    }

    private static Set<Guarantee> of(PodRules rules, InPodRedirection redirection) {
        Set<Guarantee> all = EnumSet.of(OUTBOUND, INBOUND, HBONE, rules.proxyCgroups().isEmpty() ? MARKED : FORGED, RETURNED, HOST_PROBE);
        if (rules.guard()) {
            all.addAll(EnumSet.of(CONTAINED, PROBE_ADDRESS, PORTS));
        }
        if (rules.guard() && !redirection.ingress()) { // the proxy's listeners are the only way in
            all.add(REPEATED);
            if (redirection.profile() == Profile.REDIRECT) { // with TPROXY, a foreign nat rule comes too late to divert anything
                all.add(SEALED);
            }
        }
        if (redirection.dnsCapture()) {
            all.addAll(EnumSet.of(DNS_UDP, DNS_TCP));
        }
        if (redirection.virtualInterfaces().stream().anyMatch(name -> !name.equals("lo"))) {
            all.add(NESTED);
        }
        return all;
    }

    /** {@return the guarantee as a short sentence} */
    public String words() {
        return words;
    }
}
