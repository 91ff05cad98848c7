package io.inpod.examples.nodeagent.doctor;

import io.inpod.netns.InPodConstants;

/** What is checked, in the order of the report: a name that stays the same from version to version, and why it matters. */
enum Topic {
    /** Whether there is an agent. */
    AGENT("agent", "Without an agent no pod is enrolled, and nothing is repaired."),
    /** Whether the agent knows the pod. */
    POD("pod", "Only a pod that the agent knows gets rules and a ztunnel."),
    /** Whether the namespace is the pod's. */
    NAMESPACE("namespace", "Rules and listeners in another namespace do nothing for the pod: it speaks plaintext, past the mesh."),
    /** Whether a ztunnel runs. */
    PROXY("proxy", "Without a ztunnel the pod's rules refuse its connections."),
    /** Whether a ztunnel has accepted the pod. */
    SERVED("served", "Until a ztunnel acknowledges the pod, its connections are refused."),
    /** The listener for outbound connections. */
    OUTBOUND_PORT("port.15001", "All connections that the pod opens are redirected to this port."),
    /** The listener for inbound plaintext. */
    PLAINTEXT_PORT("port.15006", "Connections to the pod that aren't HBONE are redirected to this port."),
    /** The listener for tunnels. */
    HBONE_PORT("port.15008", "Peers in the mesh open their tunnels to this port."),
    /** The listener for DNS. */
    DNS_PORT("port.15053", "The pod's DNS queries are redirected to this port."),
    /** The listener for SOCKS5. */
    SOCKS5_PORT("port.15080", "Apps that speak SOCKS5 connect to this port."),
    /** The pod's rules. */
    RULES("rules", "The rules lead the pod's connections to the ztunnel, and keep plaintext from leaving."),
    /** Rules that are elsewhere. */
    LEFTOVERS("leftovers", "Rules in tables of another kind act too, and redirect a second time or elsewhere."),
    /** Rules of others before ours. */
    FOREIGN("foreign", "A rule that comes before ours in the same chain decides first: what it accepts isn't redirected."),
    /** Who else uses our marks. */
    MARKS("marks",
            "The marks " + Subject.hex(InPodConstants.PROXY_MARK) + " and " + Subject.hex(InPodConstants.TPROXY_MARK)
                    + " tell the ztunnel's packets from the pod's: who sets them passes the redirection."),
    /** The policy routing. */
    ROUTING("routing", "An app's answers to the client's own address come back to the ztunnel only by this rule and route."),
    /** The loopback interface. */
    LOOPBACK("loopback", "Redirected connections go through lo."),
    /** The namespace's settings. */
    SETTINGS("settings", "With other values of these sysctls, packets can bypass the redirection, or are lost."),
    /** Connection tracking. */
    CONNTRACK("conntrack", "When connection tracking is full, new connections are dropped."),
    /** The pod's interfaces. */
    INTERFACES("interfaces", "Rules act on every interface, but peers know the pod by the addresses that the mesh has."),
    /** The programs for rules. */
    TOOLS("tools", "The other variant of iptables shows and changes tables that the pod's rules aren't in."),
    /** The certificate. */
    CERTIFICATE("certificate", "Peers accept only a valid certificate with the identity that they expect of the pod."),
    /** Mutual TLS. */
    MTLS("mtls", "A listener that takes peers without a certificate would let anyone in."),
    /** A connection from the pod. */
    OUTBOUND("outbound", "This shows that connections of the pod really reach the ztunnel."),
    /** A connection to the pod. */
    INBOUND("inbound", "This shows that plaintext to the pod meets the ztunnel, and so its policy, before the app."),
    /** The node's rules for health probes. */
    NODE("node", "Without them the kubelet's health probes go through the ztunnel, and fail if policy demands mutual TLS.");

    private final String id;
    private final String why;

    Topic(String id, String why) {
        this.id = id;
        this.why = why;
    }

    String id() {
        return id;
    }

    String why() {
        return why;
    }
}
