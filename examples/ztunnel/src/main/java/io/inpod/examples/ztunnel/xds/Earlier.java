package io.inpod.examples.ztunnel.xds;

import io.inpod.examples.istio.WorkloadApi;
import io.inpod.examples.ztunnel.mesh.AddressBlock;
import io.inpod.examples.ztunnel.mesh.LoadBalancing;
import io.inpod.examples.ztunnel.mesh.NetworkAddress;
import io.inpod.examples.ztunnel.mesh.NetworkBlock;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Workload;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Whether an earlier version may stay instead of a later one that can't be used: only if it protects no less than the later one would. */
final class Earlier {
    private Earlier() {}

    static boolean suffices(@Nullable Workload earlier, WorkloadApi.Workload later) {
        try {
            return earlier != null && earlier.uid().equals(later.getUid())
                    && (earlier.hbone() || later.getTunnelProtocol() == WorkloadApi.TunnelProtocol.NONE)
                    && Set.copyOf(earlier.policies()).equals(Set.copyOf(later.getAuthorizationPoliciesList()))
                    && Objects.equals(earlier.waypoint(), Addresses.gateway(later.hasWaypoint(), later.getWaypoint()))
                    && earlier.hostNetwork() == (later.getNetworkMode() == WorkloadApi.NetworkMode.HOST_NETWORK)
                    && earlier.network().equals(later.getNetwork())
                    && earlier.addresses().containsAll(WorkloadReader.addresses(later.getAddressesList()));
        } catch (UnusableException e) {
            return false;
        }
    }

    static boolean suffices(@Nullable Service earlier, WorkloadApi.Service later) {
        try {
            return earlier != null && earlier.hostname().equals(Addresses.service(later.getNamespace() + "/" + later.getHostname()))
                    && Objects.equals(earlier.waypoint(), Addresses.gateway(later.hasWaypoint(), later.getWaypoint()))
                    && earlier.weightedWaypoints().equals(ServiceReader.weightedWaypoints(later))
                    && earlier.loadBalancing().mode() != LoadBalancing.Mode.PASSTHROUGH
                    && (earlier.ofNamespaceOnly() || later.getVisibility() == WorkloadApi.Service.Visibility.PUBLIC)
                    && hasAddresses(earlier, later);
        } catch (UnusableException e) {
            return false;
        }
    }

    private static boolean hasAddresses(Service earlier, WorkloadApi.Service later) throws UnusableException {
        for (WorkloadApi.NetworkAddress address : later.getAddressesList()) {
            AddressBlock block = ServiceReader.block(address);
            boolean isOne = block.length() == block.address().getAddress().length * 8;
            if (!(isOne && earlier.addresses().contains(new NetworkAddress(address.getNetwork(), block.address())))
                    && !earlier.blocks().contains(new NetworkBlock(address.getNetwork(), block))) {
                return false;
            }
        }
        return true;
    }
}
