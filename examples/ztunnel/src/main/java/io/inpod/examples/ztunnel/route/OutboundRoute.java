package io.inpod.examples.ztunnel.route;

import io.inpod.examples.ztunnel.mesh.IpFamilies;
import io.inpod.examples.ztunnel.mesh.Service;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.hbone.Authority;
import io.inpod.hbone.identity.SpiffeId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where a pod's connection goes. */
public sealed interface OutboundRoute {
    /** {@return the workload to which the proxy connects; null if the mesh doesn't know one} */
    @Nullable
    Workload peer();

    /**
     * To an app, in plaintext.
     *
     * @param destination the app's address and port
     * @param workload its workload, or null if the mesh doesn't know the address
     * @param service the service that the client asked for, or null
     */
    record Plaintext(InetSocketAddress destination, @Nullable Workload workload, @Nullable Service service) implements OutboundRoute {
        @Override
        public @Nullable Workload peer() {
            return workload;
        }
    }

    /**
     * Through a tunnel to a workload that speaks HBONE.
     *
     * @param hop the tunnel
     * @param workload the workload
     * @param service the service that the client asked for, or null
     */
    record Tunnel(Hop hop, Workload workload, @Nullable Service service) implements OutboundRoute {
        @Override
        public Workload peer() {
            return workload;
        }
    }

    /**
     * Through a tunnel to a waypoint.
     *
     * @param hop the tunnel; its authority is what the client asked for
     * @param waypoint the waypoint's workload
     * @param service the service that the client asked for, or null
     */
    record ToWaypoint(Hop hop, Workload waypoint, @Nullable Service service) implements OutboundRoute {
        @Override
        public Workload peer() {
            return waypoint;
        }
    }

    /**
     * Through a tunnel within a tunnel, by the gateway of another network.
     *
     * @param gateway the outer tunnel
     * @param authority what the end of the inner tunnel is asked to connect to
     * @param identities the identities of which the end of the inner tunnel must have one, never empty
     * @param through the gateway's workload
     * @param service the service that the client asked for
     */
    record OtherNetwork(Hop gateway, Authority authority, Set<SpiffeId> identities, Workload through, Service service)
            implements
                OutboundRoute {
        /** Copies the set. */
        public OtherNetwork {
            identities = Set.copyOf(identities);
            if (identities.isEmpty()) {
                throw new IllegalArgumentException("a peer whose identity isn't known can't be trusted");
            }
        }

        @Override
        public Workload peer() {
            return through;
        }
    }

    /**
     * To an address that isn't known until a name has been looked up.
     *
     * @param hostname the name
     * @param workload the workload that has this name and no addresses, or null if the mesh doesn't know the name
     * @param service the service that the client asked for, or null
     * @param families which of its addresses may be used
     * @param then returns the route to one of the addresses
     */
    record LookUp(String hostname, @Nullable Workload workload, @Nullable Service service, IpFamilies families, Addressed then)
            implements
                OutboundRoute {
        @Override
        public @Nullable Workload peer() {
            return workload;
        }
    }

    /** Goes on with the decision, in the same state of the mesh. */
    @FunctionalInterface
    interface Addressed {
        /**
         * Returns the route.
         *
         * @param address an address of the name
         * @return a route, which needs no other name to be looked up unless the address is that of a service
         */
        OutboundRoute at(InetAddress address);
    }

    /**
     * Nowhere.
     *
     * @param reason why, the same words each time, for metrics
     * @param what what the reason is about, such as the name of a waypoint; may be empty
     */
    record Refused(String reason, String what) implements OutboundRoute {
        @Override
        public @Nullable Workload peer() {
            return null;
        }

        /** {@return whether the mesh doesn't permit the connection, rather than having no way for it} */
        public boolean isForbidden() {
            return OutboundRouting.FORBIDDEN.contains(reason);
        }

        /** {@return the reason and what it is about, for logs and answers} */
        public String message() {
            return what.isEmpty() ? reason : reason + ": " + what;
        }
    }
}
