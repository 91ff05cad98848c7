package io.inpod.examples.ztunnel.xds;

import io.inpod.examples.istio.WorkloadApi;
import io.inpod.examples.ztunnel.mesh.AddressBlock;
import io.inpod.examples.ztunnel.mesh.IpFamilies;
import io.inpod.examples.ztunnel.mesh.LoadBalancing;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.NetworkBlock;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.WeightedGateway;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** Reads a service. Its endpoints are the workloads that name it. */
final class ServiceReader {
    private static final long UINT32 = 0xffff_ffffL;

    private final SharedValues shared;

    ServiceReader(SharedValues shared) {
        this.shared = shared;
    }

    Service read(WorkloadApi.Service from) throws UnusableException {
        ServiceName name = Addresses.service(from.getNamespace() + "/" + from.getHostname());
        Set<NetworkAddress> addresses = new LinkedHashSet<>();
        Set<NetworkBlock> blocks = new LinkedHashSet<>();
        for (WorkloadApi.NetworkAddress address : from.getAddressesList()) {
            AddressBlock block = block(address);
            if (block.length() == block.address().getAddress().length * 8) {
                addresses.add(new NetworkAddress(shared.one(address.getNetwork()), block.address()));
            } else {
                blocks.add(new NetworkBlock(shared.one(address.getNetwork()), block));
            }
        }
        return Service.builder(shared.one(name.namespace()), name.hostname())
                .name(from.getName())
                .addresses(List.copyOf(addresses))
                .blocks(List.copyOf(blocks))
                .ports(shared.one(Addresses.ports(from.getPortsList(), 0)))
                .subjectAltNames(List.copyOf(new LinkedHashSet<>(from.getSubjectAltNamesList())))
                .waypoint(Addresses.gateway(from.hasWaypoint(), from.getWaypoint()))
                .weightedWaypoints(weightedWaypoints(from))
                .loadBalancing(shared.one(loadBalancing(from.getLoadBalancing())))
                .ipFamilies(ipFamilies(from))
                .canonical(from.getCanonical())
                .ofNamespaceOnly(isOfNamespaceOnly(from))
                .build();
    }

    static AddressBlock block(WorkloadApi.NetworkAddress from) throws UnusableException {
        InetAddress address = Addresses.ip(from.getAddress());
        try {
            return from.hasLength() ? new AddressBlock(address, from.getLength()) : AddressBlock.of(address);
        } catch (IllegalArgumentException e) {
            throw new UnusableException(String.valueOf(e.getMessage()));
        }
    }

    static List<WeightedGateway> weightedWaypoints(WorkloadApi.Service from) throws UnusableException {
        List<WeightedGateway> waypoints = new ArrayList<>();
        for (WorkloadApi.WeightedWaypoint waypoint : from.getWeightedWaypointsList()) {
            waypoints.add(new WeightedGateway(Objects.requireNonNull(Addresses.gateway(true, waypoint.getDestination())),
                    waypoint.getWeight() & UINT32));
        }
        return waypoints;
    }

    private static LoadBalancing loadBalancing(WorkloadApi.LoadBalancing from) throws UnusableException {
        List<LoadBalancing.Scope> preferences = new ArrayList<>();
        for (int i = 0; i < from.getRoutingPreferenceCount(); i++) {
            preferences.add(switch (from.getRoutingPreference(i)) {
                case REGION -> LoadBalancing.Scope.REGION;
                case ZONE -> LoadBalancing.Scope.ZONE;
                case SUBZONE -> LoadBalancing.Scope.SUBZONE;
                case NODE -> LoadBalancing.Scope.NODE;
                case CLUSTER -> LoadBalancing.Scope.CLUSTER;
                case NETWORK -> LoadBalancing.Scope.NETWORK;
                case UNSPECIFIED_SCOPE, UNRECOGNIZED -> throw WorkloadReader.unknown("routing preference",
                        from.getRoutingPreferenceValue(i));
            });
        }
        LoadBalancing.Mode mode = switch (from.getMode()) {
            case UNSPECIFIED_MODE -> LoadBalancing.Mode.STANDARD;
            case STRICT -> LoadBalancing.Mode.STRICT;
            case FAILOVER -> LoadBalancing.Mode.FAILOVER;
            case PASSTHROUGH -> LoadBalancing.Mode.PASSTHROUGH;
            case UNRECOGNIZED -> throw WorkloadReader.unknown("load balancing mode", from.getModeValue());
        };
        boolean unhealthyToo = switch (from.getHealthPolicy()) {
            case ONLY_HEALTHY -> false;
            case ALLOW_ALL -> true;
            case UNRECOGNIZED -> throw WorkloadReader.unknown("health policy", from.getHealthPolicyValue());
        };
        return new LoadBalancing(preferences, mode, unhealthyToo);
    }

    private static IpFamilies ipFamilies(WorkloadApi.Service from) throws UnusableException {
        return switch (from.getIpFamilies()) {
            case AUTOMATIC -> IpFamilies.AUTOMATIC;
            case IPV4_ONLY -> IpFamilies.IPV4;
            case IPV6_ONLY -> IpFamilies.IPV6;
            case DUAL -> IpFamilies.DUAL;
            case UNRECOGNIZED -> throw WorkloadReader.unknown("IP families", from.getIpFamiliesValue());
        };
    }

    private static boolean isOfNamespaceOnly(WorkloadApi.Service from) throws UnusableException {
        return switch (from.getVisibility()) {
            case PUBLIC -> false;
            case NAMESPACE -> true;
            case UNRECOGNIZED -> throw WorkloadReader.unknown("visibility", from.getVisibilityValue());
        };
    }
}
