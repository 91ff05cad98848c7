package io.inpod.examples.nodeagent.doctor;

import io.inpod.netlink.diag.SocketProtocol;
import io.inpod.netns.InPodConstants;
import io.inpod.netns.IpFamily;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Whether the ztunnel, and nobody else, has the proxy's ports in the pod. */
final class PortsCheck implements Check {
    private static final String SOCKS5 = "UNSTABLE_ENABLE_SOCKS5=true";

    @Override
    public void look(Subject pod, Findings findings) throws IOException {
        List<Listener> all = Listener.all(pod.netns());
        port(pod, findings, all, Topic.OUTBOUND_PORT, InPodConstants.OUTBOUND_PORT, false);
        port(pod, findings, all, Topic.PLAINTEXT_PORT, InPodConstants.INBOUND_PLAINTEXT_PORT, false);
        port(pod, findings, all, Topic.HBONE_PORT, InPodConstants.HBONE_PORT, false);
        if (pod.dnsCapture()) {
            port(pod, findings, all, Topic.DNS_PORT, InPodConstants.DNS_PORT, true);
        } else {
            findings.skip(Topic.DNS_PORT, "the pod's DNS isn't captured");
        }
        if (wantsSocks5(pod.proxies())) {
            port(pod, findings, all, Topic.SOCKS5_PORT, InPodConstants.SOCKS5_PORT, false, Set.of(IpFamily.V4));
        } else {
            findings.skip(Topic.SOCKS5_PORT, "SOCKS5 isn't enabled");
        }
    }

    /** SOCKS5 is the ztunnel's choice alone, made by an environment variable. */
    private static boolean wantsSocks5(Set<Long> proxies) {
        return proxies.stream().anyMatch(pid -> {
            try {
                return List.of(Files.readString(Path.of("/proc", pid.toString(), "environ")).split("\0")).contains(SOCKS5);
            } catch (IOException e) {
                return false; // it has ended, or may not be inspected
            }
        });
    }

    private static void port(Subject pod, Findings findings, List<Listener> all, Topic topic, int port, boolean udpToo) {
        port(pod, findings, all, topic, port, udpToo, pod.families());
    }

    private static void port(Subject pod, Findings findings, List<Listener> all, Topic topic, int port, boolean udpToo,
            Set<IpFamily> wanted) {
        if (findings.skipAfter(topic, Topic.PROXY, Topic.SERVED)) {
            return;
        }
        List<Listener> here = all.stream().filter(listener -> listener.port() == port)
                .filter(listener -> udpToo || listener.socket().protocol() == SocketProtocol.TCP).toList();
        List<Listener> foreign = here.stream()
                .filter(listener -> !pod.proxies().isEmpty() && !listener.holders().isEmpty() && !listener.isHeldBy(pod.proxies()))
                .toList();
        if (!foreign.isEmpty()) {
            findings.fail(topic,
                    (here.size() > foreign.size() ? "not only the ztunnel listens, but also " : "it isn't the ztunnel that listens, but ")
                            + String.join(", and ", foreign.stream().map(Listener::words).distinct().toList()),
                    "have that process use another port: the ports " + InPodConstants.OUTBOUND_PORT + " to 15090 are the mesh's");
            return;
        }
        List<String> missing = new ArrayList<>(missing(here, SocketProtocol.TCP, wanted));
        if (udpToo) {
            missing.addAll(missing(here, SocketProtocol.UDP, wanted));
        }
        if (!missing.isEmpty()) {
            findings.fail(topic, (here.isEmpty() ? "nobody listens" : "nobody listens for " + String.join(" and ", missing)),
                    switch (topic) {
                        case DNS_PORT ->
                            "start the ztunnel with ISTIO_META_DNS_CAPTURE=true, or don't capture the pod's DNS: ./inpod agent without "
                                    + "--dns-capture, or the annotation ambient.istio.io/dns-capture: \"false\"";
                        default -> "read the ztunnel's log for the reason, and restart the ztunnel";
                    });
            return;
        }
        List<Listener> opaque = here.stream().filter(listener -> Boolean.FALSE.equals(listener.socket().transparent())).toList();
        if (!opaque.isEmpty() && pod.rules().guard() && topic != Topic.SOCKS5_PORT) {
            findings.fail(topic, "the listener lacks IP_TRANSPARENT, so the pod's rules drop what arrives: " + opaque.get(0).words(),
                    "give the ztunnel CAP_NET_ADMIN in the pod's namespace, and restart it");
            return;
        }
        findings.ok(topic, here.get(0).owner() + " listens" + (udpToo ? ", TCP and UDP" : "") + ", " + families(wanted)
                + (here.stream().allMatch(listener -> Boolean.TRUE.equals(listener.socket().transparent())) ? ", transparent" : ""));
    }

    /** Returns the families without a listener. One at {@code ::} listens for both. */
    private static List<String> missing(List<Listener> here, SocketProtocol protocol, Set<IpFamily> wanted) {
        Set<IpFamily> missing = EnumSet.copyOf(wanted);
        for (Listener listener : here) {
            InetAddress address = listener.socket().local().getAddress();
            if (listener.socket().protocol() == protocol) {
                missing.remove(listener.socket().family());
                if (address.isAnyLocalAddress() && listener.socket().family() == IpFamily.V6) {
                    missing.clear();
                }
            }
        }
        return missing.stream().map(family -> protocol + " over " + family).toList();
    }

    private static String families(Set<IpFamily> families) {
        return families.size() == 1 ? families.iterator().next().toString() : "IPv4 and IPv6";
    }
}
