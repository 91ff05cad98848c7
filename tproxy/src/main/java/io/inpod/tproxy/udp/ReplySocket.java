package io.inpod.tproxy.udp;

import static io.inpod.netns.socket.LinuxSocketOptions.FREEBIND;
import static io.inpod.netns.socket.LinuxSocketOptions.REUSE_ADDRESS;
import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.socket.UdpSocket;
import io.inpod.tproxy.ClientAddress;
import io.inpod.tproxy.DestinationAddress;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/**
 * Sends datagrams from foreign addresses, those of the destinations that clients wanted.
 *
 * <p>The socket for each is connected to the client, because one that is only bound would receive every client's datagrams to that
 * destination. Even so it receives this client's while it is open, and any client's before it is connected. So it is turned away from
 * the client as soon as it has sent, and what it has received until then is handed on. A datagram for which the kernel had found the
 * socket before may still be on its way to it; so it is looked at once more a while later, and only then closed.
 *
 * <p>For one thread at a time.
 */
final class ReplySocket implements AutoCloseable {
    /** How long a datagram may be on its way between two functions of the kernel. */
    static final long LINGER_MILLIS = 100;

    private static final int MAX_RETIRED = 256;

    /** Who sends nothing: the discard port of this host. Not port 0, which the kernel takes for any port. */
    private static final InetSocketAddress NOBODY_V4 = new InetSocketAddress("127.0.0.1", 9);
    private static final InetSocketAddress NOBODY_V6 = new InetSocketAddress("::1", 9);

    private final NetworkNamespace namespace;
    private final SocketOptions v4;
    private final SocketOptions v6;
    private final Deque<Retired> retired = new ArrayDeque<>();

    private record Retired(UdpSocket socket, DestinationAddress from, ClientAddress to, long since) {}

    ReplySocket(NetworkNamespace namespace, SocketOptions options) {
        this.namespace = namespace;
        SocketOptions foreign = options.withFamily(null).with(TRANSPARENT, true).with(FREEBIND, true).with(REUSE_ADDRESS, true);
        this.v4 = foreign.withFamily(StandardProtocolFamily.INET);
        this.v6 = foreign.withFamily(StandardProtocolFamily.INET6);
    }

    /** Takes what a client sent to the same destination meanwhile; the data is in the room. */
    interface Overtaken {
        void received(ClientAddress client, DestinationAddress destination, UdpSocket.Arrival arrival);
    }

    /** Sends data (direct, from position to limit), then uses the room (direct) for what came meanwhile. */
    void send(DestinationAddress from, ClientAddress to, ByteBuffer data, ByteBuffer room, Overtaken overtaken) throws IOException {
        if (from.ip() instanceof Inet4Address != to.ip() instanceof Inet4Address) {
            throw new IllegalArgumentException("an answer from " + from.address() + " to " + to.address() + " would change the address family");
        }
        UdpSocket socket = UdpSocket.open(namespace, from.ip() instanceof Inet4Address ? v4 : v6);
        Retired used = new Retired(socket, from, to, System.nanoTime());
        try {
            socket.bind(from.address());
            socket.connect(to.address());
            socket.send(data);
            socket.connect(from.ip() instanceof Inet4Address ? NOBODY_V4 : NOBODY_V6);
            drain(used, room, overtaken);
            retired.add(used);
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
        while (retired.size() > MAX_RETIRED) {
            close(retired.remove(), room, overtaken);
        }
    }

    /** Closes the sockets that nothing is on its way to any more; to be called every now and then. */
    void tidy(ByteBuffer room, Overtaken overtaken) throws IOException {
        long old = System.nanoTime() - TimeUnit.MILLISECONDS.toNanos(LINGER_MILLIS);
        for (Retired oldest; (oldest = retired.peek()) != null && oldest.since - old <= 0; ) {
            close(retired.remove(), room, overtaken);
        }
    }

    /** Whether there is anything to be closed yet. */
    boolean untidy() {
        return !retired.isEmpty();
    }

    private static void close(Retired used, ByteBuffer room, Overtaken overtaken) throws IOException {
        try {
            drain(used, room, overtaken);
        } finally {
            used.socket.close();
        }
    }

    private static void drain(Retired used, ByteBuffer room, Overtaken overtaken) throws IOException {
        for (UdpSocket.Arrival arrival; (arrival = used.socket.poll(room)) != null; ) {
            // Of another client, too, which came before the socket was connected.
            if (!arrival.sender().equals(NOBODY_V4) && !arrival.sender().equals(NOBODY_V6)) {
                overtaken.received(new ClientAddress(arrival.sender()), used.from, arrival);
            }
        }
    }

    @Override
    public void close() {
        retired.forEach(used -> used.socket.close());
        retired.clear();
    }
}
