package io.inpod.netns.testing.fault;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.socket.UdpSocket;
import io.inpod.netns.testing.Pod;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Numbered datagrams from one pod to another's {@link #PORT}. A last one, to another port, shows that all before have arrived. */
final class Datagrams implements AutoCloseable {
    static final int PORT = 9000;
    static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int MARKER_PORT = 9001;
    private static final int AT_ONCE = 100; // fit into a receive buffer

    private final UdpSocket sender;
    private final UdpSocket markers;
    private final UdpSocket receiver;
    private final UdpSocket end;
    private final ByteBuffer out = ByteBuffer.allocateDirect(2000);
    private final ByteBuffer in = ByteBuffer.allocateDirect(2000);

    private Datagrams(NetworkNamespace from, NetworkNamespace to, InetAddress address) throws IOException {
        receiver = bound(to, address, PORT);
        end = bound(to, address, MARKER_PORT);
        sender = connected(from, address, PORT);
        markers = connected(from, address, MARKER_PORT);
    }

    static Datagrams between(Pod from, Pod to) throws IOException {
        return new Datagrams(from.namespace(), to.namespace(), to.address());
    }

    static Datagrams between(Pod from, Pod to, InetAddress address) throws IOException {
        return new Datagrams(from.namespace(), to.namespace(), address);
    }

    private static UdpSocket bound(NetworkNamespace in, InetAddress address, int port) throws IOException {
        UdpSocket socket = UdpSocket.open(in, SocketOptions.NONE);
        socket.bind(new InetSocketAddress(address, port));
        return socket;
    }

    private static UdpSocket connected(NetworkNamespace in, InetAddress address, int port) throws IOException {
        UdpSocket socket = UdpSocket.open(in, SocketOptions.NONE);
        socket.connect(new InetSocketAddress(address, port));
        return socket;
    }

    /** Sends one of this many bytes, at least 4, beginning with a number. */
    void send(int number, int bytes) throws IOException {
        sender.send(out.clear().putInt(0, number).limit(bytes));
    }

    /** Waits for one, and returns its number. */
    int receive() throws IOException {
        receiver.receive(in.clear(), LIMIT);
        return in.getInt(0);
    }

    /** Sends the numbers from 0, and returns those that arrived, in the order in which they did. */
    List<Integer> exchange(int count) throws IOException {
        return exchange(count, 4);
    }

    List<Integer> exchange(int count, int bytes) throws IOException {
        List<Integer> arrived = arrived(); // finds the neighbour: what waits for that is overtaken by what is sent then
        for (int i = 0; i < count; i++) {
            send(i, bytes);
            if (i % AT_ONCE == AT_ONCE - 1 || i == count - 1) {
                arrived.addAll(arrived());
            }
        }
        return arrived;
    }

    /** Those that have arrived or do so before a datagram that is sent now. */
    List<Integer> arrived() throws IOException {
        List<Integer> arrived = new ArrayList<>();
        markers.send(out.clear().limit(4));
        end.receive(in.clear(), LIMIT);
        while (receiver.poll(in.clear()) != null) {
            arrived.add(in.getInt(0));
        }
        return arrived;
    }

    @Override
    public void close() {
        List.of(sender, markers, receiver, end).forEach(UdpSocket::close);
    }
}
