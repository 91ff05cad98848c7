package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.limit.AtLimit;
import io.inpod.examples.ztunnel.limit.Connections;
import io.inpod.examples.ztunnel.mesh.Mesh;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.mesh.Workload;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.RelayOptions;
import io.inpod.tproxy.share.Clients;
import io.netty.channel.ChannelHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.Optional;

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
 * @param limit what happens when they have their share
 * @param access logs the connections
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
        AtLimit limit,
        AccessLog access) {
    /** Prepares an upstream connection or tunnel for a relay before anything is read from it. */
    static final ChannelHandler FOR_RELAY = RelayOptions.DEFAULT.preparation();

    static final String UNKNOWN = "the mesh doesn't know the workload that the agent named";
    static final String NOT_OURS = "the destination is not an address of this pod";

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
    boolean admit(EpollSocketChannel connection) {
        accepted.add(connection);
        connections.add(connection);
        return connection.isOpen();
    }

    /** Sets the options of an accepted connection whose client may be on this node or elsewhere. */
    void fromOutside(EpollSocketChannel connection, InetSocketAddress client) throws ClosedChannelException {
        if (isWithinNode(client.getAddress())) {
            within.accepted(connection);
        }
    }

    /** Returns the options of sockets whose connections end in this pod or in another pod on the node. */
    SocketOptions socketsWithinNode() {
        return within.sockets(sockets);
    }

    /** Returns whether an address is that of a pod on this node. */
    boolean isWithinNode(InetAddress address) {
        return mesh().at(config.network(), address).filter(w -> !w.node().isEmpty() && w.node().equals(config.node())).isPresent();
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
