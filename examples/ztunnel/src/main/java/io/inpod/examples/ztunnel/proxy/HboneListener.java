package io.inpod.examples.ztunnel.proxy;

import io.inpod.examples.ztunnel.limit.Connections;
import io.inpod.netns.InPodConstants;
import io.inpod.tproxy.OriginalDestination;
import io.inpod.tproxy.listen.OwnConnections;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;

/** Port 15008: accepts connections that carry tunnels to the pod. */
final class HboneListener extends PodListener {
    private final OwnConnections ofNode;
    private final Connections accepted;
    private final ChannelHandler tunnels;

    HboneListener(PodContext pod, Shared shared, Connections accepted, ChannelHandler tunnels) {
        super(pod, InPodConstants.HBONE_PORT, shared.group());
        this.ofNode = shared.tunnels();
        this.accepted = accepted;
        this.tunnels = tunnels;
    }

    /** A pod that calls itself is reached like others, by a tunnel of its own; where that leads is checked for each request. */
    @Override
    OwnConnections own() {
        return new OwnConnections();
    }

    /** For a connection from another pod of the node, picks the event loop of its other end. */
    @Override
    public EventLoop pick(InetSocketAddress client, OriginalDestination destination) {
        EventLoop other = ofNode.eventLoop(client, destination.address());
        return other == null ? super.pick(client, destination) : other;
    }

    @Override
    void prepare(SocketChannel connection) {
        ofNode.join(connection);
        accepted.add(connection);
        connection.config().setAutoRead(true); // first, because the handlers read nothing while they wait for a certificate
        connection.pipeline().addLast(tunnels);
    }

    /** The data on the connection is read by the handlers of tunnels. */
    @Override
    void serve(SocketChannel connection, InetSocketAddress client, OriginalDestination itself) throws ClosedChannelException {
        pod.fromOutside(connection, client);
    }
}
