package io.inpod.examples.ztunnel.xds;

import com.google.protobuf.ByteString;
import io.inpod.examples.istio.WorkloadApi;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.ApplicationTunnel;
import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.Locality;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import io.inpod.examples.ztunnel.mesh.Telemetry;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.hbone.identity.SpiffeId;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads a workload. What is absent has the value that Istio's ztunnel gives it. */
final class WorkloadReader {
    private static final long UINT32 = 0xffff_ffffL;

    private final ProxyConfig defaults;
    private final SharedValues shared;

    WorkloadReader(ProxyConfig defaults, SharedValues shared) {
        this.defaults = defaults;
        this.shared = shared;
    }

    /** Reads a workload, whose uid is what is held if that is the same. */
    Workload read(WorkloadApi.Workload from, @Nullable Object held) throws UnusableException {
        if (from.getUid().isEmpty()) {
            throw new UnusableException("the workload has no uid");
        }
        String uid = held instanceof String known && known.equals(from.getUid()) ? known : from.getUid();
        return Workload.builder(uid, shared.one(from.getNamespace()), identity(from))
                .name(from.getName())
                .addresses(addresses(from.getAddressesList()))
                .network(shared.one(from.getNetwork()))
                .hostname(from.getHostname())
                .node(shared.one(from.getNode()))
                .hostNetwork(isHostNetwork(from))
                .hbone(isHbone(from))
                .nativeTunnel(from.getNativeTunnel())
                .healthy(isHealthy(from))
                .capacity(from.hasCapacity() ? from.getCapacity().getValue() & UINT32 : 1)
                .locality(locality(from.getLocality()))
                .telemetry(telemetry(from))
                .waypoint(gateway(from.hasWaypoint(), from.getWaypoint()))
                .networkGateway(gateway(from.hasNetworkGateway(), from.getNetworkGateway()))
                .applicationTunnel(applicationTunnel(from))
                .policies(policies(from))
                .services(services(from))
                .build();
    }

    private SpiffeId identity(WorkloadApi.Workload from) throws UnusableException {
        String domain = text(from.getTrustDomain(), defaults.trustDomain());
        try {
            return shared.one(new SpiffeId(domain, from.getNamespace(), text(from.getServiceAccount(), "default")));
        } catch (IllegalArgumentException e) {
            throw new UnusableException(String.valueOf(e.getMessage()));
        }
    }

    private String text(String value, String otherwise) {
        return value.isEmpty() ? otherwise : shared.one(value);
    }

    static List<InetAddress> addresses(List<ByteString> list) throws UnusableException {
        if (list.size() == 1) {
            return List.of(Addresses.ip(list.get(0)));
        }
        Set<InetAddress> addresses = new LinkedHashSet<>();
        for (ByteString bytes : list) {
            addresses.add(Addresses.ip(bytes));
        }
        return List.copyOf(addresses);
    }

    private static boolean isHostNetwork(WorkloadApi.Workload from) throws UnusableException {
        return switch (from.getNetworkMode()) {
            case STANDARD -> false;
            case HOST_NETWORK -> true;
            case UNRECOGNIZED -> throw unknown("network mode", from.getNetworkModeValue());
        };
    }

    private static boolean isHbone(WorkloadApi.Workload from) throws UnusableException {
        return switch (from.getTunnelProtocol()) {
            case NONE -> false;
            case HBONE -> true;
            case LEGACY_ISTIO_MTLS, UNRECOGNIZED -> throw unknown("tunnel protocol", from.getTunnelProtocolValue());
        };
    }

    private static boolean isHealthy(WorkloadApi.Workload from) throws UnusableException {
        return switch (from.getStatus()) {
            case HEALTHY -> true;
            case UNHEALTHY -> false;
            case UNRECOGNIZED -> throw unknown("status", from.getStatusValue());
        };
    }

    static UnusableException unknown(String what, int number) {
        return new UnusableException("its " + what + " " + number + " isn't one that this version knows");
    }

    private Locality locality(WorkloadApi.Locality from) {
        return shared.one(new Locality(from.getRegion(), from.getZone(), from.getSubzone()));
    }

    private Telemetry telemetry(WorkloadApi.Workload from) {
        String type = from.getWorkloadType() == WorkloadApi.WorkloadType.UNRECOGNIZED ? "unknown"
                : from.getWorkloadType().name().toLowerCase(Locale.ROOT);
        return shared.one(new Telemetry(type, shared.one(from.getWorkloadName()), shared.one(from.getCanonicalName()),
                shared.one(from.getCanonicalRevision()), text(from.getClusterId(), defaults.clusterId())));
    }

    private @Nullable Gateway gateway(boolean isThere, WorkloadApi.GatewayAddress from) throws UnusableException {
        Gateway gateway = Addresses.gateway(isThere, from);
        return gateway == null ? null : shared.one(gateway);
    }

    private @Nullable ApplicationTunnel applicationTunnel(WorkloadApi.Workload from) throws UnusableException {
        if (!from.hasApplicationTunnel()) {
            return null;
        }
        WorkloadApi.ApplicationTunnel tunnel = from.getApplicationTunnel();
        ApplicationTunnel.Protocol protocol = switch (tunnel.getProtocol()) {
            case NONE -> ApplicationTunnel.Protocol.NONE;
            case PROXY -> ApplicationTunnel.Protocol.PROXY;
            case UNRECOGNIZED -> throw unknown("application tunnel's protocol", tunnel.getProtocolValue());
        };
        if (tunnel.getPort() != 0 && !Addresses.isPort(tunnel.getPort())) {
            throw new UnusableException("its application tunnel's port must be from 1 to " + Addresses.MOST_PORT);
        }
        return shared.one(new ApplicationTunnel(protocol, tunnel.getPort() == 0 ? null : tunnel.getPort()));
    }

    private List<String> policies(WorkloadApi.Workload from) {
        return from.getAuthorizationPoliciesCount() == 0 ? List.of()
                : shared.one(from.getAuthorizationPoliciesList().stream().distinct().toList());
    }

    private Map<ServiceName, Ports> services(WorkloadApi.Workload from) throws UnusableException {
        if (from.getServicesCount() == 0) {
            return Map.of();
        }
        Map<ServiceName, Ports> services = new HashMap<>();
        for (Map.Entry<String, WorkloadApi.PortList> service : from.getServicesMap().entrySet()) {
            services.put(shared.one(Addresses.service(service.getKey())),
                    shared.one(Addresses.ports(service.getValue().getPortsList(), 1)));
        }
        return shared.one(Map.copyOf(services));
    }
}
