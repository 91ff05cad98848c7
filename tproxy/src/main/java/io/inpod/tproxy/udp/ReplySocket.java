package io.inpod.tproxy.udp;

import static io.inpod.netns.socket.LinuxSocketOptions.FREEBIND;
import static io.inpod.netns.socket.LinuxSocketOptions.REUSE_ADDRESS;
import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;
import static io.netty.util.NetUtil.toSocketAddressString;

import io.inpod.netns.IpFamily;
import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.socket.UdpSocket;
import io.inpod.tproxy.ClientAddress;
import io.inpod.tproxy.DestinationAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/**
 * Sends datagrams from foreign addresses, those of the clients' original destinations.
 *
 * <p>Each datagram gets a socket, which is connected to the client: a socket that is only bound would receive every client's datagrams to
 * that destination. Even a connected socket receives this client's datagrams while it is open, and any client's before it is connected.
 * Therefore it is reconnected to an address that never sends as soon as it has sent its datagram, and what it has received until then is
 * passed on. The kernel may have chosen the socket for a datagram that it hasn't delivered yet; so the socket is read once more after a
 * while, and only then closed.
 *
 * <p>For one thread at a time.
 */
final class ReplySocket implements AutoCloseable {
    /** How long the kernel may take between choosing a datagram's socket and delivering it. */
    static final long LINGER_MILLIS = 100;

    private static final int MAX_RETIRED = 256;

    /** A peer that sends nothing: this host's discard port. It can't be port 0, which the kernel takes for any port. */
    private static final InetSocketAddress NOBODY_V4 = new InetSocketAddress(IpFamily.V4.loopback(), 9);

    private static final InetSocketAddress NOBODY_V6 = new InetSocketAddress(IpFamily.V6.loopback(), 9);

    private final NetworkNamespace namespace;
    private final SocketOptions v4;
    private final SocketOptions v6;
    private final Deque<Retired> retired = new ArrayDeque<>();

    private record Retired(UdpSocket socket, DestinationAddress from, ClientAddress to, long since) {}

    ReplySocket(NetworkNamespace namespace, SocketOptions options) {
        this.namespace = namespace;
        SocketOptions foreign = options.withFamily(null).with(TRANSPARENT, true).with(FREEBIND, true).with(REUSE_ADDRESS, true);
        this.v4 = foreign.withFamily(IpFamily.V4.protocolFamily());
        this.v6 = foreign.withFamily(IpFamily.V6.protocolFamily());
    }

    /** Receives what a client sent to the same destination meanwhile; the data is in the room. */
    interface Overtaken {
        void received(ClientAddress client, DestinationAddress destination, UdpSocket.Arrival arrival);
    }

    /** Sends data (direct, from position to limit), then reads what arrived meanwhile into the room (direct). */
    void send(DestinationAddress from, ClientAddress to, ByteBuffer data, ByteBuffer room, Overtaken overtaken) throws IOException {
        IpFamily family = IpFamily.of(from.ip());
        if (family != IpFamily.of(to.ip())) {
            throw new IllegalArgumentException(
                    "an answer from " + toSocketAddressString(from.address()) + " to " + toSocketAddressString(to.address())
                            + " would change the address family");
        }
        UdpSocket socket = UdpSocket.open(namespace, family == IpFamily.V4 ? v4 : v6);
        Retired used = new Retired(socket, from, to, System.nanoTime());
        try {
            socket.bind(from.address());
            socket.connect(to.address());
            socket.send(data);
            socket.connect(family == IpFamily.V4 ? NOBODY_V4 : NOBODY_V6);
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

    /** Closes the sockets to which no datagram can be on its way any more; to be called from time to time. */
    void tidy(ByteBuffer room, Overtaken overtaken) throws IOException {
        long old = System.nanoTime() - TimeUnit.MILLISECONDS.toNanos(LINGER_MILLIS);
        for (Retired oldest; (oldest = retired.peek()) != null && oldest.since - old <= 0;) {
            close(retired.remove(), room, overtaken);
        }
    }

    /** Whether sockets remain to be closed. */
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
        for (UdpSocket.Arrival arrival; (arrival = used.socket.poll(room)) != null;) {
            // The sender may be another client: its datagram arrived before the socket was connected.
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
