package io.inpod.examples.ztunnel.mesh;

import io.inpod.hbone.identity.SpiffeId;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Describes a {@link Workload}, whose components explain the values. Not thread-safe. */
public final class WorkloadBuilder {
    private final String uid;
    private final String namespace;
    private String name = "";
    private String serviceAccount = "default";
    private String trustDomain = "cluster.local";
    private List<InetAddress> addresses = List.of();
    private String network = "";
    private String hostname = "";
    private String node = "";
    private boolean hostNetwork = false;
    private boolean hbone = false;
    private boolean nativeTunnel = false;
    private boolean healthy = true;
    private long capacity = 1;
    private Locality locality = Locality.UNKNOWN;
    private Telemetry telemetry = Telemetry.NONE;
    private @Nullable Gateway waypoint;
    private @Nullable Gateway networkGateway;
    private @Nullable ApplicationTunnel applicationTunnel;
    private List<String> policies = List.of();
    private Map<ServiceName, Ports> services = Map.of();

    private @Nullable SpiffeId identity;

    WorkloadBuilder(String uid, String namespace) {
        this.uid = uid;
        this.namespace = namespace;
    }

    WorkloadBuilder(String uid, String namespace, SpiffeId identity) {
        this(uid, namespace);
        this.identity = identity;
    }

    /**
     * Sets a component.
     *
     * @param name see {@link Workload#name()}
     * @return this
     */
    public WorkloadBuilder name(String name) {
        this.name = name;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param serviceAccount see {@link Workload#serviceAccount()}; "default" unless it is set
     * @return this
     */
    public WorkloadBuilder serviceAccount(String serviceAccount) {
        this.serviceAccount = serviceAccount;
        this.identity = null;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param trustDomain see {@link Workload#trustDomain()}; "cluster.local" unless it is set
     * @return this
     */
    public WorkloadBuilder trustDomain(String trustDomain) {
        this.trustDomain = trustDomain;
        this.identity = null;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param addresses see {@link Workload#addresses()}
     * @return this
     */
    public WorkloadBuilder addresses(List<InetAddress> addresses) {
        this.addresses = addresses;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param network see {@link Workload#network()}
     * @return this
     */
    public WorkloadBuilder network(String network) {
        this.network = network;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param hostname see {@link Workload#hostname()}
     * @return this
     */
    public WorkloadBuilder hostname(String hostname) {
        this.hostname = hostname.toLowerCase(Locale.ROOT);
        return this;
    }

    /**
     * Sets a component.
     *
     * @param node see {@link Workload#node()}
     * @return this
     */
    public WorkloadBuilder node(String node) {
        this.node = node;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param hostNetwork see {@link Workload#hostNetwork()}
     * @return this
     */
    public WorkloadBuilder hostNetwork(boolean hostNetwork) {
        this.hostNetwork = hostNetwork;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param hbone see {@link Workload#hbone()}
     * @return this
     */
    public WorkloadBuilder hbone(boolean hbone) {
        this.hbone = hbone;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param nativeTunnel see {@link Workload#nativeTunnel()}
     * @return this
     */
    public WorkloadBuilder nativeTunnel(boolean nativeTunnel) {
        this.nativeTunnel = nativeTunnel;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param healthy see {@link Workload#healthy()}
     * @return this
     */
    public WorkloadBuilder healthy(boolean healthy) {
        this.healthy = healthy;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param capacity see {@link Workload#capacity()}
     * @return this
     */
    public WorkloadBuilder capacity(long capacity) {
        this.capacity = capacity;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param locality see {@link Workload#locality()}
     * @return this
     */
    public WorkloadBuilder locality(Locality locality) {
        this.locality = locality;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param telemetry see {@link Workload#telemetry()}
     * @return this
     */
    public WorkloadBuilder telemetry(Telemetry telemetry) {
        this.telemetry = telemetry;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param waypoint see {@link Workload#waypoint()}
     * @return this
     */
    public WorkloadBuilder waypoint(@Nullable Gateway waypoint) {
        this.waypoint = waypoint;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param networkGateway see {@link Workload#networkGateway()}
     * @return this
     */
    public WorkloadBuilder networkGateway(@Nullable Gateway networkGateway) {
        this.networkGateway = networkGateway;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param applicationTunnel see {@link Workload#applicationTunnel()}
     * @return this
     */
    public WorkloadBuilder applicationTunnel(@Nullable ApplicationTunnel applicationTunnel) {
        this.applicationTunnel = applicationTunnel;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param policies see {@link Workload#policies()}
     * @return this
     */
    public WorkloadBuilder policies(List<String> policies) {
        this.policies = policies;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param services see {@link Workload#services()}
     * @return this
     */
    public WorkloadBuilder services(Map<ServiceName, Ports> services) {
        this.services = services;
        return this;
    }

    /**
     * Completes the workload.
     *
     * @return the workload
     * @throws IllegalArgumentException if trust domain, namespace and service account don't make an identity
     */
    public Workload build() {
        SpiffeId whole = identity == null ? new SpiffeId(trustDomain, namespace, serviceAccount) : identity;
        return new Workload(uid, name, namespace, whole, addresses, network, hostname, node, hostNetwork, hbone,
                nativeTunnel, healthy, capacity, locality, telemetry, waypoint, networkGateway, applicationTunnel, policies, services);
    }
}
