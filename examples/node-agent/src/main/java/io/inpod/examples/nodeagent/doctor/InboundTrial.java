package io.inpod.examples.nodeagent.doctor;

import io.inpod.netns.InPodConstants;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Opens a connection to a port of the pod on which no app listens. Without redirection it would be refused; if it is accepted, the ztunnel
 * has it. No data is sent, and no app sees it.
 */
final class InboundTrial implements Check {
    private static final int HIGHEST = 65535;

    @Override
    public void look(Subject pod, Findings findings) throws IOException {
        if (pod.ingress()) {
            findings.skip(Topic.INBOUND, "inbound connections bypass the ztunnel, as the pod's annotation wants");
            return;
        }
        if (findings.skipAfter(Topic.INBOUND, Topic.PROXY, Topic.SERVED, Topic.PLAINTEXT_PORT, Topic.RULES, Topic.LEFTOVERS, Topic.FOREIGN,
                Topic.MARKS,
                Topic.LOOPBACK, Topic.ROUTING)) {
            return;
        }
        List<InetAddress> addresses = pod.addresses();
        if (addresses.isEmpty()) {
            findings.skip(Topic.INBOUND, "the pod has no address");
            return;
        }
        InetSocketAddress target = new InetSocketAddress(addresses.get(0), unused(pod));
        String where = Subject.text(target.getAddress()) + " port " + target.getPort();
        try (Attempt attempt = Attempt.of(pod.outside(), target)) {
            switch (attempt.outcome()) {
                case ACCEPTED, ENDED -> findings.ok(Topic.INBOUND, "tried: a connection from " + pod.outside() + " to " + where
                        + ", where no app listens, was accepted by the ztunnel; it was closed at once, without data");
                case REFUSED -> refused(pod, findings, where);
                case UNANSWERED -> findings.warn(Topic.INBOUND, "tried: a connection from " + pod.outside() + " to " + where
                        + " wasn't answered within 2 s",
                        "name a namespace outside the mesh that reaches the pod with --from; if others reach "
                                + "it, the pod's rules or a network policy drop the packets");
                default ->
                    findings.skip(Topic.INBOUND, pod.outside() + " has no route to the pod; name a namespace that has one with --from");
            }
        }
    }

    private static void refused(Subject pod, Findings findings, String where) {
        if (pod.outside().equals(pod.node())) {
            findings.skip(Topic.INBOUND, "connections from the node count as health probes and bypass the ztunnel, as this one to " + where
                    + " did; name a namespace outside the mesh with --from");
        } else {
            findings.fail(Topic.INBOUND,
                    "a connection from " + pod.outside() + " to " + where + " was refused by the pod itself: it wasn't "
                            + "redirected to port " + InPodConstants.INBOUND_PLAINTEXT_PORT,
                    "./inpod rules probe shows, rule by rule, where packets go");
        }
    }

    private static int unused(Subject pod) throws IOException {
        Set<Integer> taken = Listener.all(pod.netns()).stream().map(Listener::port).collect(Collectors.toSet());
        int port = HIGHEST;
        while (taken.contains(port)) {
            port--;
        }
        return port;
    }
}
