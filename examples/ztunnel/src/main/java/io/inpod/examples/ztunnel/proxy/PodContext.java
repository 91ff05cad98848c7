package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.limit.AtLimit;
import io.inpod.examples.ztunnel.limit.Connections;
import io.inpod.examples.ztunnel.live.LiveConnection;
import io.inpod.examples.ztunnel.live.LiveConnections;
import io.inpod.examples.ztunnel.live.WorkloadWait;
import io.inpod.examples.ztunnel.mesh.MeshState.Demand;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.examples.ztunnel.policy.Attempt;
import io.inpod.examples.ztunnel.policy.Verdict;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.hbone.server.HboneServer;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.RelayOptions;
import io.inpod.tproxy.share.Clients;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The state that all connections of one pod share.
 *
 * @param config the proxy's configuration
 * @param namespace the pod's network namespace
 * @param self the pod in the mesh, and the other workloads
 * @param identity the pod's identity, for which the agent vouches
 * @param sockets options of all sockets
 * @param within additional options of connections that stay within the node
 * @param connections the open connections
 * @param accepted the open connections that were accepted
 * @param own the open connections that the proxy has opened
 * @param clients bounds what its clients hold, each and all together
 * @param live the inbound connections that policy has allowed
 * @param waiting connections that wait until the mesh knows the pod
 * @param demand whom to ask for what the mesh doesn't have
 * @param limit what happens when they have their share
 * @param access logs the connections
 * @param reports logs and counts them
 */
record PodContext(
        ProxyConfig config,
        NetworkNamespace namespace,
        OwnWorkload self,
        SpiffeId identity,
        SocketOptions sockets,
        WithinNode within,
        Connections connections,
        Connections accepted,
        OwnConnections own,
        Clients clients,
        LiveConnections live,
        WorkloadWait waiting,
        Demand demand,
        AtLimit limit,
        AccessLog access,
        Reports reports) {
    static final String UNKNOWN = "the mesh doesn't know the workload that the agent named";
    static final String UNANSWERED = "the control plane hasn't said yet whether the mesh has ";
    static final String NOT_OURS = "the destination is not an address of this pod";

    /** Returns what prepares an upstream connection or tunnel for a relay before anything is read from it. */
    static ChannelHandler forRelay() {
        return RelayOptions.DEFAULT.preparation();
    }

    /** Returns the workloads as they are known now. */
    Mesh mesh() {
        return self.mesh();
    }

    /** Returns the pod in the mesh; while the mesh doesn't have it, all connections are refused. */
    Optional<Workload> workload() {
        return self.workload();
    }

    /** Returns the headers that describe the pod to peers. */
    Optional<TelemetryHeaders> telemetry() {
        return self.telemetry();
    }

    /**
     * Adds an accepted connection, which has inherited its listener's options; returns false if it was closed, or its pod removed,
     * meanwhile.
     */
    boolean admit(SocketChannel connection) {
        accepted.add(connection);
        connections.add(connection);
        return connection.isOpen();
    }

    /** Sets the options of an accepted connection whose client may be on this node or elsewhere. */
    void fromOutside(SocketChannel connection, InetSocketAddress client) throws ClosedChannelException {
        if (isWithinNode(client.getAddress())) {
            within.accepted(connection);
        }
    }

    /** Returns the options of sockets whose connections end in this pod or in another pod on the node. */
    SocketOptions socketsWithinNode() {
        return within.sockets(sockets);
    }

    /** Returns a client with the workload that has its address, unless its identity is another's: it may have come through a gateway. */
    AccessLog.End peer(Mesh mesh, InetSocketAddress source, @Nullable SpiffeId shown) {
        Optional<Workload> workload = mesh.at(config.network(), source.getAddress());
        return new AccessLog.End(source, shown,
                workload.filter(client -> shown == null || shown.equals(client.identity())).orElse(null));
    }

    /** Returns the pod as the client of an outbound connection, with its identity if the destination sees it. */
    AccessLog.End client(InetSocketAddress source, boolean shown) {
        return new AccessLog.End(source, shown ? identity : null, workload().orElse(null));
    }

    /** Returns whether an address is that of a pod on this node. */
    boolean isWithinNode(InetAddress address) {
        return mesh().at(config.network(), address).filter(w -> !w.node().isEmpty() && w.node().equals(config.node())).isPresent();
    }

    /**
     * Serves a connection when the mesh knows the pod, or when waiting for that is over; then it is to be refused.
     *
     * @param client the connection; on its event loop
     * @param gone completes when the client is gone
     * @param serve serves it, or refuses it; what it throws ends the connection
     */
    void whenKnown(Channel client, Future<?> gone, Runnable serve) {
        if (demand != Demand.NONE && workload().isEmpty()) {
            demand.ask(self.uid(config.clusterId()), () -> {}).close(); // what waits is told of changes of the mesh
        }
        if (waiting.isKnown()) {
            Guarded.run(access.lines(), client, serve);
        } else {
            waiting.await(client.eventLoop(), gone, () -> Guarded.run(access.lines(), client, serve));
        }
    }

    /**
     * Lets policy decide about an inbound connection.
     *
     * @param client the connection; on its event loop
     * @param attempt what policies look at
     * @param log the connection in the log
     * @param refuse is told why it is refused, if it is
     * @return the connection, which counts until it ends; null if it is refused
     */
    @Nullable
    LiveConnection enter(Channel client, Attempt attempt, AccessLog.Connection log, Consumer<String> refuse) {
        LiveConnections.Entry entry = live.enter(client.eventLoop(), attempt, HboneServer.identities(client));
        Verdict verdict = entry.verdict();
        if (verdict.dryRun() != null) {
            access.tried(log, verdict.dryRun());
        }
        if (verdict.basis() == Verdict.Basis.REVOKED) {
            HboneServer.drain(client, Duration.ZERO); // opened while it wasn't revoked; the peer may connect again
        }
        if (!verdict.allowed()) {
            refuse.accept((verdict.basis() == Verdict.Basis.REVOKED ? "connection closed: " : "connection closed due to policy rejection: ")
                    + verdict.reason());
            return null;
        }
        return entry.connection();
    }

    /** Returns whether an address is the pod's own. */
    boolean owns(InetAddress address) {
        return workload().filter(own -> own.addresses().contains(address)).isPresent();
    }

    /** Returns whether a connection to that address from inside the pod would arrive at this proxy. */
    boolean isOwnListener(InetSocketAddress destination) {
        return config.ownPorts().contains(destination.getPort())
                && (destination.getAddress().isLoopbackAddress() || destination.getAddress().isAnyLocalAddress()
                        || owns(destination.getAddress()));
    }
}
