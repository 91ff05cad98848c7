package io.inpod.netns;

import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * The ports, marks, addresses and routing numbers of in-pod redirection, on which a pod's rules, its policy routing, the node agent and the
 * proxy must agree. The values are those of Istio's ambient mode, where istio-cni (the node agent) and ztunnel (the proxy) use them.
 */
public final class InPodConstants {
    /** The port of the proxy to which outbound TCP is redirected. */
    public static final int OUTBOUND_PORT = 15001;
    /** The port of the proxy to which inbound TCP that isn't HBONE is redirected. */
    public static final int INBOUND_PLAINTEXT_PORT = 15006;
    /** The port of the proxy on which HBONE tunnels arrive. Peers connect to it, so it isn't redirected. */
    public static final int HBONE_PORT = 15008;
    /** The port of the proxy to which captured DNS queries are redirected, over UDP and TCP. */
    public static final int DNS_PORT = 15053;
    /** The port of the proxy, on the loopback interface, at which applications ask for a connection by SOCKS5 (RFC 1928). */
    public static final int SOCKS5_PORT = 15080;

    /** The mark (SO_MARK) of the proxy's own packets, which the rules let pass. Compared under {@link #MARK_MASK}. */
    public static final int PROXY_MARK = 0x539;
    /**
     * The mark of connections that belong to the proxy's transparent sockets: TPROXY sets it on inbound packets, and replies of the
     * application inherit it from the connection (connmark). Policy routing delivers such packets locally. Compared under
     * {@link #MARK_MASK}.
     */
    public static final int TPROXY_MARK = 0x111;
    /** The bits of a mark that count for {@link #PROXY_MARK} and {@link #TPROXY_MARK}; the others are free for other programs. */
    public static final int MARK_MASK = 0xfff;

    /**
     * The connection mark of connections that the guard of a pod's rules has admitted, a single bit outside {@link #MARK_MASK}. Other
     * programs in a pod must not set it.
     */
    public static final int ADMITTED_MARK = 0x1000;
    /**
     * The connection mark of connections that the guard has admitted because TPROXY handed them to the proxy, beside {@link
     * #ADMITTED_MARK}: every further packet of theirs is handed over too.
     */
    public static final int HANDED_OVER_MARK = 0x2000;

    /** The routing table whose local default route delivers packets with {@link #TPROXY_MARK}. */
    public static final int ROUTING_TABLE = 100;
    /** The priority of the routing policy rule that looks up packets with {@link #TPROXY_MARK} in {@link #ROUTING_TABLE}. */
    public static final int RULE_PRIORITY = 32764;

    /**
     * The IPv4 address from which the kubelet's health probes reach a pod, past the proxy. Link-local, so that it never leaves the node.
     */
    public static final String HOST_PROBE_V4 = "169.254.7.127";
    /** The IPv6 counterpart of {@link #HOST_PROBE_V4}, a unique local address (RFC 4193). */
    public static final String HOST_PROBE_V6 = "fd16:9254:7127:1337:ffff:ffff:ffff:ffff";

    private static final InetAddress PROBE_V4 = address(HOST_PROBE_V4);
    private static final InetAddress PROBE_V6 = address(HOST_PROBE_V6);

    private InPodConstants() {}

    /**
     * Returns the address from which health probes come.
     *
     * @param family the family of the address
     * @return {@link #HOST_PROBE_V4} or {@link #HOST_PROBE_V6}
     */
    public static InetAddress hostProbe(IpFamily family) {
        return family == IpFamily.V4 ? PROBE_V4 : PROBE_V6;
    }

    private static InetAddress address(String literal) {
        try {
            return InetAddress.getByName(literal); // a literal: no name is resolved
        } catch (UnknownHostException e) {
            throw new ExceptionInInitializerError(e);
        }
    }
}
