package io.inpod.tproxy;

import static io.inpod.netns.LinuxSocketOptions.FREEBIND;
import static io.inpod.netns.LinuxSocketOptions.REUSE_ADDRESS;
import static io.inpod.netns.LinuxSocketOptions.TRANSPARENT;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.SocketOptions;
import io.inpod.netns.UdpSocket;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;

/**
 * Sends one datagram from a foreign address, that of the destination a client wanted.
 *
 * <p>The socket for it is connected to the client, because one that is only bound would receive every client's datagrams to that
 * destination. Even so it receives this client's while it is open. So it is turned away from the client before it is closed (no
 * datagram comes from port 0), and what it has received until then is handed on.
 */
final class ReplySocket {
    private final NetworkNamespace namespace;
    private final SocketOptions v4;
    private final SocketOptions v6;

    ReplySocket(NetworkNamespace namespace, SocketOptions options) {
        this.namespace = namespace;
        SocketOptions foreign = options.withFamily(null).with(TRANSPARENT, true).with(FREEBIND, true).with(REUSE_ADDRESS, true);
        this.v4 = foreign.withFamily(StandardProtocolFamily.INET);
        this.v6 = foreign.withFamily(StandardProtocolFamily.INET6);
    }

    /** Takes what a client sent to the same destination meanwhile. */
    interface Overtaken {
        void received(UdpSocket.Arrival arrival);
    }

    /** Sends data (direct, from position to limit), then uses the room (direct) for what came meanwhile. */
    void send(DestinationAddress from, ClientAddress to, ByteBuffer data, ByteBuffer room, Overtaken overtaken) throws IOException {
        if (from.ip() instanceof Inet4Address != to.ip() instanceof Inet4Address) {
            throw new IllegalArgumentException("an answer from " + from.address() + " to " + to.address() + " would change the address family");
        }
        try (UdpSocket socket = UdpSocket.open(namespace, from.ip() instanceof Inet4Address ? v4 : v6)) {
            socket.bind(from.address());
            socket.connect(to.address());
            socket.send(data);
            socket.connect(new InetSocketAddress(to.ip(), 0));
            for (UdpSocket.Arrival arrival; (arrival = socket.poll(room)) != null; ) {
                if (arrival.sender().equals(to.address())) { // not one from before the socket was connected
                    overtaken.received(arrival);
                }
            }
        }
    }
}
