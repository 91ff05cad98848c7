package io.inpod.examples.ztunnel.proxy;

import static io.inpod.netns.socket.LinuxSocketOptions.CONGESTION;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Connections within the node: to and from the pod's own apps, and tunnels to other pods on the node. There is no network between their
 * ends that could be congested. If the system's congestion control paces packets with timers, as BBR does, that only costs: half of the
 * proxy's CPU time per byte. Therefore these connections use another one; connections that leave the node keep the system's.
 */
final class WithinNode {
    private static final Path CONTROL = Path.of("/proc/sys/net/ipv4/tcp_congestion_control");
    private static final String PACED = "bbr";
    private static final String UNPACED = "reno"; // every kernel has it, and any user may choose it

    private static volatile boolean loaded;

    private final boolean paced;

    private WithinNode(boolean paced) {
        this.paced = paced;
    }

    /** Finds out the default congestion control of a namespace. */
    static WithinNode of(NetworkNamespace namespace) throws IOException {
        if (!loaded) {
            congestionControl(); // loads all classes before a thread enters a namespace
            loaded = true;
        }
        return new WithinNode(namespace.<String, IOException>call(WithinNode::congestionControl).startsWith(PACED));
    }

    private static String congestionControl() throws IOException {
        return Files.readString(CONTROL);
    }

    /** Returns the options of sockets whose connections stay within the node. */
    SocketOptions sockets(SocketOptions common) {
        return paced ? common.with(CONGESTION, UNPACED) : common;
    }

    /** Sets the options of a connection that was accepted from another pod on the node. */
    void accepted(SocketChannel connection) throws ClosedChannelException {
        try {
            if (paced) {
                CONGESTION.set(connection, UNPACED);
            }
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            // with the system's congestion control it is only slower
        }
    }
}
