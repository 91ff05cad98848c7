package io.inpod.examples.ztunnel.mesh;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Describes a {@link Service}, whose components explain the values. Not thread-safe. */
public final class ServiceBuilder {
    private final ServiceName hostname;
    private String name = "";
    private List<NetworkAddress> addresses = List.of();
    private List<NetworkBlock> blocks = List.of();
    private Ports ports = Ports.NONE;
    private Map<String, Endpoint> endpoints = Map.of();
    private List<String> subjectAltNames = List.of();
    private @Nullable Gateway waypoint;
    private List<WeightedGateway> weightedWaypoints = List.of();
    private LoadBalancing loadBalancing = LoadBalancing.ANY;
    private IpFamilies ipFamilies = IpFamilies.AUTOMATIC;
    private boolean canonical = false;
    private boolean ofNamespaceOnly = false;

    ServiceBuilder(ServiceName hostname) {
        this.hostname = hostname;
    }

    /**
     * Sets a component.
     *
     * @param name see {@link Service#name()}
     * @return this
     */
    public ServiceBuilder name(String name) {
        this.name = name;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param addresses see {@link Service#addresses()}
     * @return this
     */
    public ServiceBuilder addresses(List<NetworkAddress> addresses) {
        this.addresses = addresses;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param blocks see {@link Service#blocks()}
     * @return this
     */
    public ServiceBuilder blocks(List<NetworkBlock> blocks) {
        this.blocks = blocks;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param ports see {@link Service#ports()}
     * @return this
     */
    public ServiceBuilder ports(Ports ports) {
        this.ports = ports;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param endpoints see {@link Service#endpoints()}
     * @return this
     */
    public ServiceBuilder endpoints(Map<String, Endpoint> endpoints) {
        this.endpoints = endpoints;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param subjectAltNames see {@link Service#subjectAltNames()}
     * @return this
     */
    public ServiceBuilder subjectAltNames(List<String> subjectAltNames) {
        this.subjectAltNames = subjectAltNames;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param waypoint see {@link Service#waypoint()}
     * @return this
     */
    public ServiceBuilder waypoint(@Nullable Gateway waypoint) {
        this.waypoint = waypoint;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param weightedWaypoints see {@link Service#weightedWaypoints()}
     * @return this
     */
    public ServiceBuilder weightedWaypoints(List<WeightedGateway> weightedWaypoints) {
        this.weightedWaypoints = weightedWaypoints;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param loadBalancing see {@link Service#loadBalancing()}
     * @return this
     */
    public ServiceBuilder loadBalancing(LoadBalancing loadBalancing) {
        this.loadBalancing = loadBalancing;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param ipFamilies see {@link Service#ipFamilies()}
     * @return this
     */
    public ServiceBuilder ipFamilies(IpFamilies ipFamilies) {
        this.ipFamilies = ipFamilies;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param canonical see {@link Service#canonical()}
     * @return this
     */
    public ServiceBuilder canonical(boolean canonical) {
        this.canonical = canonical;
        return this;
    }

    /**
     * Sets a component.
     *
     * @param ofNamespaceOnly see {@link Service#ofNamespaceOnly()}
     * @return this
     */
    public ServiceBuilder ofNamespaceOnly(boolean ofNamespaceOnly) {
        this.ofNamespaceOnly = ofNamespaceOnly;
        return this;
    }

    /** {@return the service} */
    public Service build() {
        return new Service(name, hostname, addresses, blocks, ports, endpoints, subjectAltNames, waypoint, weightedWaypoints, loadBalancing,
                ipFamilies, canonical, ofNamespaceOnly);
    }
}
