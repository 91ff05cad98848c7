package io.inpod.examples.ztunnel.route;

import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.hbone.Authority;
import io.inpod.hbone.identity.SpiffeId;
import java.net.InetSocketAddress;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where a pod's connection goes. */
public sealed interface OutboundRoute {
    /**
     * To an app, in plaintext.
     *
     * @param destination the app's address and port
     * @param workload its workload, or null if the mesh doesn't know the address
     * @param service the service that the client asked for, or null
     */
    record Plaintext(InetSocketAddress destination, @Nullable Workload workload, @Nullable Service service) implements OutboundRoute {}

    /**
     * Through a tunnel to a workload that speaks HBONE.
     *
     * @param hop the tunnel
     * @param workload the workload
     * @param service the service that the client asked for, or null
     */
    record Tunnel(Hop hop, Workload workload, @Nullable Service service) implements OutboundRoute {}

    /**
     * Through a tunnel to a waypoint.
     *
     * @param hop the tunnel; its authority is what the client asked for
     * @param waypoint the waypoint's workload
     * @param service the service that the client asked for, or null
     */
    record ToWaypoint(Hop hop, Workload waypoint, @Nullable Service service) implements OutboundRoute {}

    /**
     * Through a tunnel within a tunnel, by the gateway of another network.
     *
     * @param gateway the outer tunnel
     * @param authority what the end of the inner tunnel is asked to connect to
     * @param identities the identities of which the end of the inner tunnel must have one, never empty
     * @param service the service that the client asked for
     */
    record OtherNetwork(Hop gateway, Authority authority, Set<SpiffeId> identities, Service service) implements OutboundRoute {}

    /**
     * To a workload whose address isn't known until its name has been looked up.
     *
     * @param workload the workload, which has a hostname and no addresses
     * @param port the app's port
     * @param service the service that the client asked for, or null
     */
    record LookUp(Workload workload, int port, @Nullable Service service) implements OutboundRoute {}

    /**
     * Nowhere.
     *
     * @param reason why, for log, metric and answer
     */
    record Refused(String reason) implements OutboundRoute {}
}
