package io.inpod.examples.ztunnel.proxy;

import static io.inpod.netns.socket.LinuxSocketOptions.CONGESTION;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.NettyChannels;
import io.inpod.netns.socket.SocketOptions;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.epoll.EpollSocketChannel;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;

/**
 * Connections that don't leave the node: to and from the pod's own apps, and tunnels to other pods of the node. Nothing between their ends can
 * be congested. Where the system's congestion control sets packets apart by timers, as BBR does, that is all cost and no use: half of what a
 * byte costs the proxy. So they have another one; what leaves the node keeps the system's.
 */
final class WithinNode {
    private static final String PACED = "bbr";
    private static final String UNPACED = "reno"; // every kernel has it, for everybody

    private final boolean paced;

    private WithinNode(boolean paced) {
        this.paced = paced;
    }

    /** Looks which congestion control a namespace gives to connections. */
    static WithinNode of(NetworkNamespace namespace) throws IOException {
        Channel channel;
        try {
            channel = NettyChannels.client(namespace).newChannel();
        } catch (ChannelException e) {
            throw new IOException("no socket in " + namespace + ": " + e.getMessage(), e);
        }
        try {
            return new WithinNode(CONGESTION.get(channel).startsWith(PACED));
        } finally {
            channel.unsafe().closeForcibly();
        }
    }

    /** Options of sockets whose connections don't leave the node. */
    SocketOptions sockets(SocketOptions common) {
        return paced ? common.with(CONGESTION, UNPACED) : common;
    }

    /** For a connection from another pod of the node. */
    void accepted(EpollSocketChannel connection) throws ClosedChannelException {
        try {
            if (paced) {
                CONGESTION.set(connection, UNPACED);
            }
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            // with the system's it is only slower
        }
    }
}
