package io.inpod.examples.ztunnel.xds;

import com.google.protobuf.ByteString;
import io.inpod.examples.istio.WorkloadApi;
import io.inpod.examples.ztunnel.mesh.NetworkBlock;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.mesh.WorkloadBuilder;
import java.net.InetAddress;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What is in the mesh instead of workloads and services that can't be used. Without anything at their addresses, connections would go there
 * in plaintext; so they are reached only by tunnels, which nobody has the identity to accept, and they serve nothing.
 */
final class StandIns {
    private static final String NOBODY = "unusable";

    private StandIns() {}

    static Workload of(WorkloadApi.Workload from) {
        Set<InetAddress> addresses = new LinkedHashSet<>();
        for (ByteString address : from.getAddressesList()) {
            try {
                addresses.add(Addresses.ip(address));
            } catch (UnusableException e) {
                // no connection goes to what isn't an address
            }
        }
        return nobody(from.getUid()).network(from.getNetwork()).addresses(List.copyOf(addresses)).hostname(from.getHostname())
                .hostNetwork(from.getNetworkMode() == WorkloadApi.NetworkMode.HOST_NETWORK).build();
    }

    /** Instead of a workload whose later version says nothing that can be understood. */
    static Workload of(Workload earlier) {
        return nobody(earlier.uid()).network(earlier.network()).addresses(earlier.addresses()).hostname(earlier.hostname())
                .hostNetwork(earlier.hostNetwork()).build();
    }

    private static WorkloadBuilder nobody(String uid) {
        return Workload.builder(uid, NOBODY).serviceAccount(NOBODY).trustDomain(NOBODY + ".invalid").hbone(true).healthy(false);
    }

    /** Instead of a service whose later version says nothing that can be understood. */
    static Service of(Service earlier) {
        return Service.builder(earlier.namespace(), earlier.hostname().hostname()).name(earlier.name()).addresses(earlier.addresses())
                .blocks(earlier.blocks()).build();
    }

    static Service of(WorkloadApi.Service from) {
        Set<NetworkBlock> blocks = new LinkedHashSet<>();
        for (WorkloadApi.NetworkAddress address : from.getAddressesList()) {
            try {
                blocks.add(new NetworkBlock(address.getNetwork(), ServiceReader.block(address)));
            } catch (UnusableException e) {
                // no connection goes to what isn't an address
            }
        }
        return Service.builder(from.getNamespace(), from.getHostname()).name(from.getName()).blocks(List.copyOf(blocks)).build();
    }
}
