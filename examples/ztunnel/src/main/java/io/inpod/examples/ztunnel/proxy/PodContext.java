package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.config.Mesh;
import io.inpod.examples.ztunnel.config.ProxyConfig;
import io.inpod.examples.ztunnel.config.Workload;
import io.inpod.hbone.identity.SpiffeId;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.tproxy.listen.OwnConnections;
import io.inpod.tproxy.relay.RelayOptions;
import io.netty.channel.ChannelHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.Optional;

/**
 * What the connections of one pod have in common.
 *
 * @param config the proxy's configuration
 * @param mesh the other workloads
 * @param namespace the pod's network namespace
 * @param workload the pod in the mesh, if the mesh knows it: without it nothing may pass
 * @param telemetry what is said of it to peers
 * @param identity who the pod is, as the agent vouches
 * @param sockets options of all sockets
 * @param within what connections have in addition that don't leave the node
 * @param connections those that are open
 * @param accepted those of them that others have made
 * @param own those of them that we have made ourselves
 */
record PodContext(
        ProxyConfig config,
        Mesh mesh,
        NetworkNamespace namespace,
        Optional<Workload> workload,
        Optional<TelemetryHeaders> telemetry,
        SpiffeId identity,
        SocketOptions sockets,
        WithinNode within,
        Connections connections,
        Connections accepted,
        OwnConnections own) {
    /** Prepares an upstream connection or tunnel for a relay before anything is read from it. */
    static final ChannelHandler FOR_RELAY = RelayOptions.DEFAULT.preparation();

    static final String UNKNOWN = "the mesh doesn't know the workload that the agent named";

    /** Counts an accepted connection, which has its options from its listener; false if it, or its pod, has gone meanwhile. */
    boolean admit(EpollSocketChannel connection) {
        accepted.add(connection);
        connections.add(connection);
        return connection.isOpen();
    }

    /** Prepares an accepted connection whose client may be anywhere. */
    void fromOutside(EpollSocketChannel connection, InetSocketAddress client) throws ClosedChannelException {
        if (isWithinNode(client.getAddress())) {
            within.accepted(connection);
        }
    }

    /** Options of sockets whose connections end in the pod itself or in another one of the node. */
    SocketOptions socketsWithinNode() {
        return within.sockets(sockets);
    }

    /** Whether an address is that of a pod on this node. */
    boolean isWithinNode(InetAddress address) {
        return mesh.at(config.network(), address).filter(w -> !w.node().isEmpty() && w.node().equals(config.node())).isPresent();
    }

    /** Whether an address is the pod's own. */
    boolean owns(InetAddress address) {
        return workload.isPresent() && workload.get().addresses().contains(address);
    }

    /** Whether connecting there from inside the pod would end at this proxy again. */
    boolean isOwnListener(InetSocketAddress destination) {
        return config.ownPorts().contains(destination.getPort())
                && (destination.getAddress().isLoopbackAddress() || destination.getAddress().isAnyLocalAddress() || owns(destination.getAddress()));
    }
}
