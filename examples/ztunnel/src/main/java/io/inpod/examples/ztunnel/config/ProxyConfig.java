package io.inpod.examples.ztunnel.config;

import static io.inpod.netns.InPodConstants.HBONE_PORT;
import static io.inpod.netns.InPodConstants.INBOUND_PLAINTEXT_PORT;
import static io.inpod.netns.InPodConstants.MARK_MASK;
import static io.inpod.netns.InPodConstants.OUTBOUND_PORT;
import static io.inpod.netns.InPodConstants.PROXY_MARK;
import static io.inpod.netns.InPodConstants.SOCKS5_PORT;
import io.inpod.examples.ztunnel.dns.DnsSettings;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.upstream.SpoofPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The configuration from the environment variables of Istio's ztunnel.
 *
 * @param uds INPOD_UDS: the agent's socket
 * @param portReuse INPOD_PORT_REUSE: whether listeners pass from one ztunnel to the next
 * @param sockMap INPOD_SOCKMAP: whether tunnels between pods of this node bypass the network
 * @param handOverDirectory INPOD_HANDOVER_DIR: the directory in which the ztunnels of this node find each other
 * @param mark PACKET_MARK: the mark of the proxy's own packets, decimal or 0x..., with 0x539 in its low 12 bits
 * @param ipv6 IPV6_ENABLED: whether listeners serve IPv6 too
 * @param socks5 UNSTABLE_ENABLE_SOCKS5: whether pods get a SOCKS5 listener on 127.0.0.1
 * @param localhostAppTunnel LOCALHOST_APP_TUNNEL: whether an app that is a proxy itself is reached on the loopback interface
 * @param dns ISTIO_META_DNS_CAPTURE, CLUSTER_DOMAIN, PREFERED_SERVICE_NAMESPACE: the DNS proxy's settings, or null without one
 * @param resolvConf INPOD_RESOLV_CONF: the file with the name servers for what isn't in the mesh
 * @param passthrough INPOD_PASSTHROUGH: ALLOW if connections to addresses that the mesh doesn't know go there in plaintext, DENY if they
 * are refused
 * @param spoofing ENABLE_ORIG_SRC: whether apps see the client's address; if unset or true, connections for which that is impossible fail
 * @param node NODE_NAME: the node's name, which determines which workloads are local
 * @param network NETWORK: the network the node is in
 * @param clusterId CLUSTER_ID: for telemetry
 * @param trustDomain TRUST_DOMAIN: the trust domain of workloads without one in the mesh's configuration
 * @param keepalive KEEPALIVE_ENABLED, KEEPALIVE_TIME, KEEPALIVE_INTERVAL, KEEPALIVE_RETRIES, as socket options
 * @param workloadWait INPOD_WORKLOAD_WAIT: how long a connection waits until the mesh knows its pod; 0s if it doesn't wait
 * @param connectDeadline INPOD_CONNECT_DEADLINE: how long connecting an outbound connection may take, over all endpoints that are tried
 * @param terminationDeadline CONNECTION_TERMINATION_DEADLINE, or what follows from TERMINATION_GRACE_PERIOD_SECONDS: how long connections
 * may continue after SIGTERM
 * @param readinessPort INPOD_READINESS_PORT: the port of the proxy's own namespace at which it answers whether it is ready; 0 for none
 * @param statsPort INPOD_STATS_PORT: the port of the proxy's own namespace at which it answers what it has counted; 0 for none
 * @param adminPort INPOD_ADMIN_PORT: the port of the loopback addresses of the proxy's own namespace for operators; 0 for none
 * @param workers ZTUNNEL_WORKER_THREADS: the number of event loops
 * @param limits what all pods together may take
 * @param ca CA_ADDRESS and others: the CA from which the pods' certificates come; null with FAKE_CA, the development CA
 * @param crl CRL_PATH: the file with the revocation lists for peers' certificates, or null
 * @param postQuantum COMPLIANCE_POLICY=pqc: whether keys are exchanged in a way that a quantum computer can't break, or not at all
 * @param tls12 TLS12_ENABLED: whether pods' peers may speak TLS 1.2
 * @param localXds LOCAL_XDS: the mesh as text, or null
 * @param localXdsPath LOCAL_XDS_PATH: the mesh as a file, or null
 * @param xds XDS_ADDRESS and others: the control plane from which the mesh comes, or null
 * @param traces OTEL_EXPORTER_OTLP_ENDPOINT and others: whether traces of connections are exported
 */
public record ProxyConfig(
        Path uds,
        boolean portReuse,
        boolean sockMap,
        Path handOverDirectory,
        int mark,
        boolean ipv6,
        boolean socks5,
        boolean localhostAppTunnel,
        @Nullable DnsSettings dns,
        Path resolvConf,
        boolean passthrough,
        SpoofPolicy spoofing,
        String node,
        String network,
        String clusterId,
        String trustDomain,
        SocketOptions keepalive,
        Duration workloadWait,
        Duration connectDeadline,
        Duration terminationDeadline,
        int readinessPort,
        int statsPort,
        int adminPort,
        int workers,
        Limits limits,
        @Nullable CaConfig ca,
        @Nullable Path crl,
        boolean postQuantum,
        boolean tls12,
        @Nullable String localXds,
        @Nullable Path localXdsPath,
        @Nullable XdsConfig xds,
        boolean traces) {
    /** The groups that COMPLIANCE_POLICY=pqc allows. */
    public static final List<String> POST_QUANTUM = List.of("X25519MLKEM768");

    private static final Set<Integer> OWN_PORTS = Set.of(OUTBOUND_PORT, INBOUND_PLAINTEXT_PORT, HBONE_PORT);
    private static final Set<Integer> OWN_PORTS_WITH_SOCKS5 = Set.of(OUTBOUND_PORT, INBOUND_PLAINTEXT_PORT, HBONE_PORT, SOCKS5_PORT);

    /**
     * Reads the environment.
     *
     * @param environment the variables and their values
     * @return the configuration
     * @throws ConfigException naming the variable that can't be used
     */
    public static ProxyConfig from(Map<String, String> environment) throws ConfigException {
        Variables env = new Variables(environment);
        for (String unsupported : new String[] {"PROXY_CONFIG", "PROXY_WORKLOAD_INFO"}) {
            if (!env.text(unsupported, "").isEmpty()) {
                throw new ConfigException(unsupported + " is set, but this version doesn't support it; unset it");
            }
        }
        if (!env.text("PROXY_MODE", "shared").equalsIgnoreCase("shared")) {
            throw new ConfigException("PROXY_MODE must be shared, not " + env.text("PROXY_MODE", ""));
        }
        env.either("LOG_FORMAT", "text", "json"); // read before this, see Main
        String text = env.text("LOCAL_XDS", "");
        String path = env.text("LOCAL_XDS_PATH", "");
        XdsConfig xds = XdsConfig.from(env, !text.isEmpty() || !path.isEmpty());
        if (Stream.of(xds != null, !text.isEmpty(), !path.isEmpty()).filter(set -> set).count() != 1) {
            throw new ConfigException(
                    "exactly one of XDS_ADDRESS, LOCAL_XDS_PATH and LOCAL_XDS must be set: the mesh comes from one source");
        }
        return new ProxyConfig(
                uds(env),
                env.flag("INPOD_PORT_REUSE", true),
                env.flag("INPOD_SOCKMAP", false),
                handOverDirectory(env),
                mark(env),
                env.flag("IPV6_ENABLED", true),
                env.flag("UNSTABLE_ENABLE_SOCKS5", false),
                env.flag("LOCALHOST_APP_TUNNEL", true),
                dns(env),
                Path.of(env.text("INPOD_RESOLV_CONF", "/etc/resolv.conf")),
                env.either("INPOD_PASSTHROUGH", "ALLOW", "DENY"),
                env.flag("ENABLE_ORIG_SRC", true) ? SpoofPolicy.REQUIRE : SpoofPolicy.NEVER,
                env.text("NODE_NAME", ""),
                env.text("NETWORK", ""),
                env.text("ISTIO_META_CLUSTER_ID", env.text("CLUSTER_ID", "Kubernetes")),
                trustDomain(env),
                keepalive(env),
                env.duration("INPOD_WORKLOAD_WAIT", Duration.ofSeconds(5)),
                connectDeadline(env),
                env.duration("CONNECTION_TERMINATION_DEADLINE", withinGracePeriod(env)),
                env.number("INPOD_READINESS_PORT", 15021, 0, 65_535),
                env.number("INPOD_STATS_PORT", 15020, 0, 65_535),
                env.number("INPOD_ADMIN_PORT", 15000, 0, 65_535),
                env.number("ZTUNNEL_WORKER_THREADS", Math.max(2, Runtime.getRuntime().availableProcessors() / 4), 1, 1024),
                Limits.from(env),
                CaConfig.from(env),
                env.text("CRL_PATH", "").isEmpty() ? null : Path.of(env.text("CRL_PATH", "")),
                postQuantum(env),
                tls12(env),
                text.isEmpty() ? null : text,
                path.isEmpty() ? null : Path.of(path),
                xds,
                TraceExport.isWanted(env));
    }

    /** {@return the only groups for the exchange of keys, with pods' peers and with the control plane; empty if any will do} */
    public List<String> groups() {
        return postQuantum ? POST_QUANTUM : List.of();
    }

    private static boolean postQuantum(Variables env) throws ConfigException {
        String policy = env.text("COMPLIANCE_POLICY", "");
        if (policy.startsWith("fips-")) {
            throw new ConfigException("COMPLIANCE_POLICY=" + policy + " can't be kept: the TLS library that this version uses, BoringSSL as"
                    + " Netty builds it, isn't a validated module; it can be pqc or empty");
        } else if (!policy.isEmpty() && !policy.equals("pqc")) {
            throw new ConfigException("COMPLIANCE_POLICY must be pqc or empty, not \"" + policy + "\"");
        }
        return !policy.isEmpty();
    }

    private static boolean tls12(Variables env) throws ConfigException {
        boolean isEnabled = env.flag("TLS12_ENABLED", false);
        if (isEnabled && postQuantum(env)) {
            throw new ConfigException("TLS12_ENABLED=true excludes COMPLIANCE_POLICY=pqc: TLS 1.2 can't exchange keys in that way");
        }
        return isEnabled;
    }

    private static Path uds(Variables env) throws ConfigException {
        String path = env.text("INPOD_UDS", "/var/run/ztunnel/ztunnel.sock");
        if (path.isEmpty()) {
            throw new ConfigException("INPOD_UDS is empty; it must name the agent's socket");
        }
        return Path.of(path);
    }

    private static @Nullable DnsSettings dns(Variables env) throws ConfigException {
        if (!env.flag("ISTIO_META_DNS_CAPTURE", env.flag("DNS_CAPTURE", false))) {
            return null;
        }
        String domain = env.text("CLUSTER_DOMAIN", "cluster.local").toLowerCase(java.util.Locale.ROOT);
        if (!domain.matches("[a-z0-9]([a-z0-9.-]*[a-z0-9])?")) {
            throw new ConfigException("CLUSTER_DOMAIN must be a DNS name such as cluster.local, not \"" + domain + "\"");
        }
        return new DnsSettings(domain, env.text("PREFERED_SERVICE_NAMESPACE", ""), env.flag("IPV6_ENABLED", true));
    }

    /**
     * Returns the directory in which the ztunnels of this node have sockets for each other and for commands.
     *
     * @param environment the variables and their values
     * @return INPOD_HANDOVER_DIR, or the directory of INPOD_UDS
     * @throws ConfigException naming the variable that can't be used
     */
    public static Path handOverDirectory(Map<String, String> environment) throws ConfigException {
        return handOverDirectory(new Variables(environment));
    }

    private static Path handOverDirectory(Variables env) throws ConfigException {
        String path = env.text("INPOD_HANDOVER_DIR", "");
        if (!path.isEmpty()) {
            return Path.of(path);
        }
        Path parent = uds(env).toAbsolutePath().getParent();
        return parent == null ? Path.of("/") : parent;
    }

    private static Duration connectDeadline(Variables env) throws ConfigException {
        Duration deadline = env.duration("INPOD_CONNECT_DEADLINE", Duration.ofSeconds(30));
        if (deadline.toMillis() < 100 || deadline.toHours() > 24) {
            throw new ConfigException("INPOD_CONNECT_DEADLINE must be from 100ms to 24h");
        }
        return deadline;
    }

    /** A pod is killed after its grace period. Connections must be reset some seconds earlier, as by Istio's ztunnel. */
    private static Duration withinGracePeriod(Variables env) throws ConfigException {
        int grace = env.number("TERMINATION_GRACE_PERIOD_SECONDS", -1, 0, Integer.MAX_VALUE);
        return Duration.ofSeconds(grace < 0 ? 5 : Math.max(1, grace > 10 ? grace - 5 : grace - 1));
    }

    private static String trustDomain(Variables env) throws ConfigException {
        String domain = env.text("TRUST_DOMAIN", "cluster.local");
        try {
            return new SpiffeId(domain, "any", "any").trustDomain();
        } catch (IllegalArgumentException e) {
            throw new ConfigException("TRUST_DOMAIN can't be used: " + e.getMessage(), e);
        }
    }

    private static SocketOptions keepalive(Variables env) throws ConfigException {
        if (!env.flag("KEEPALIVE_ENABLED", true)) {
            return SocketOptions.NONE;
        }
        Duration idle = env.duration("KEEPALIVE_TIME", Duration.ofMinutes(3));
        Duration interval = env.duration("KEEPALIVE_INTERVAL", Duration.ofMinutes(3));
        int retries = env.number("KEEPALIVE_RETRIES", 9, 1, 127);
        try {
            return SocketOptions.NONE.withKeepalive(idle, interval, retries);
        } catch (IllegalArgumentException e) {
            throw new ConfigException("KEEPALIVE_TIME or KEEPALIVE_INTERVAL can't be used: " + e.getMessage(), e);
        }
    }

    /** With a mark that the rules don't accept, every connection of the proxy would be redirected to the proxy itself. */
    private static int mark(Variables env) throws ConfigException {
        int mark = env.number("PACKET_MARK", PROXY_MARK, 1, Integer.MAX_VALUE);
        if ((mark & MARK_MASK) != PROXY_MARK) {
            throw new ConfigException("PACKET_MARK must be " + PROXY_MARK + " (0x" + Integer.toHexString(PROXY_MARK)
                    + ") in its low 12 bits, the mark that the pods' rules accept, not "
                    + env.text("PACKET_MARK", ""));
        }
        return mark;
    }

    /** {@return the ports on which the proxy listens in every pod} */
    public Set<Integer> ownPorts() {
        return socks5 ? OWN_PORTS_WITH_SOCKS5 : OWN_PORTS;
    }
}
