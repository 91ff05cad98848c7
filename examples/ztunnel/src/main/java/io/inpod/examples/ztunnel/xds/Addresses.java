package io.inpod.examples.ztunnel.xds;

import static io.inpod.netns.InPodConstants.HBONE_PORT;

import com.google.protobuf.ByteString;
import io.inpod.examples.istio.WorkloadApi;
import io.inpod.examples.ztunnel.mesh.Gateway;
import io.inpod.examples.ztunnel.mesh.GatewayDestination;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.Ports;
import io.inpod.examples.ztunnel.mesh.ServiceName;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where something is: addresses, names, ports and gateways of the protocol, as the mesh has them. */
final class Addresses {
    static final int MOST_PORT = 65_535;

    private Addresses() {}

    /** Reads an address of 4 or 16 bytes. One of IPv4 that is mapped to IPv6 becomes what it stands for. */
    static InetAddress ip(ByteString bytes) throws UnusableException {
        try {
            return InetAddress.getByAddress(bytes.toByteArray());
        } catch (UnknownHostException e) {
            throw new UnusableException("an address has " + bytes.size() + " bytes, not 4 or 16");
        }
    }

    /** Reads a reference to a service, {@code namespace/hostname}. */
    static ServiceName service(String reference) throws UnusableException {
        int slash = reference.indexOf('/');
        if (slash <= 0 || slash == reference.length() - 1 || reference.indexOf('/', slash + 1) >= 0) {
            throw new UnusableException("a service must be named namespace/hostname, not \"" + reference + "\"");
        }
        return new ServiceName(reference.substring(0, slash), reference.substring(slash + 1));
    }

    /** Reads the ports of a service, or of one of its endpoints, which can't have a name there. */
    static Ports ports(List<WorkloadApi.Port> ports, int leastTarget) throws UnusableException {
        Map<Integer, Integer> targets = new HashMap<>();
        for (WorkloadApi.Port port : ports) {
            int target = port.getTargetPort();
            if (!isPort(port.getServicePort()) || target != 0 && !isPort(target)) {
                throw new UnusableException("a port must be from 1 to " + MOST_PORT + ", not "
                        + Integer.toUnsignedString(isPort(port.getServicePort()) ? target : port.getServicePort()));
            }
            if (target >= leastTarget) {
                targets.put(port.getServicePort(), target);
            }
        }
        return targets.isEmpty() ? Ports.NONE : new Ports(targets);
    }

    static boolean isPort(int number) {
        return number > 0 && number <= MOST_PORT;
    }

    /** Reads a waypoint or a gateway; null if there is none. */
    static @Nullable Gateway gateway(boolean isThere, WorkloadApi.GatewayAddress gateway) throws UnusableException {
        if (!isThere) {
            return null;
        }
        int port = gateway.getHboneMtlsPort() == 0 ? HBONE_PORT : gateway.getHboneMtlsPort();
        if (!isPort(port)) {
            throw new UnusableException("a gateway's port must be from 1 to " + MOST_PORT + ", not " + Integer.toUnsignedString(port));
        }
        GatewayDestination destination = switch (gateway.getDestinationCase()) {
            case HOSTNAME -> named(gateway.getHostname());
            case ADDRESS -> new NetworkAddress(gateway.getAddress().getNetwork(), ip(gateway.getAddress().getAddress()));
            case DESTINATION_NOT_SET -> throw new UnusableException("a gateway has neither an address nor a hostname");
        };
        return new Gateway(destination, port);
    }

    private static ServiceName named(WorkloadApi.NamespacedHostname name) throws UnusableException {
        if (name.getNamespace().isEmpty() || name.getHostname().isEmpty()) {
            throw new UnusableException("a gateway's hostname or its namespace is empty");
        }
        return new ServiceName(name.getNamespace(), name.getHostname());
    }
}
