package io.inpod.tproxy.udp;

import static io.inpod.netns.socket.LinuxSocketOptions.RECEIVE_DESTINATION;
import static io.inpod.netns.socket.LinuxSocketOptions.TRANSPARENT;

import io.inpod.netns.NetworkNamespace;
import io.inpod.netns.socket.SocketOptions;
import io.inpod.netns.socket.UdpSocket;
import io.inpod.tproxy.ClientAddress;
import io.inpod.tproxy.DestinationAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Receives the datagrams that TPROXY diverts to a port, each with its original destination, and sends answers from that destination.
 * Blocking; see {@link TransparentDatagramChannel} for event loops.
 *
 * <p>REDIRECT doesn't work for UDP: the original destination of a redirected datagram can't be determined. See the kernel's
 * Documentation/networking/tproxy.rst, and IP_RECVORIGDSTADDR in ip(7).
 *
 * <p>A destination whose port is the listener's own can't be answered, and a proxy must not send to it: the datagram would come back.
 * Therefore choose a port that no other service uses. One thread may receive while others answer.
 */
public final class TransparentUdpSocket implements AutoCloseable {
    private static final int MAX_DATAGRAM_BYTES = 65535;

    /** How often a waiting receiver checks for datagrams that other threads received while answering. */
    private static final Duration LOOK = Duration.ofMillis(50);

    private final UdpSocket socket;
    private final ReplySocket replies;
    private final ByteBuffer room = ByteBuffer.allocateDirect(MAX_DATAGRAM_BYTES);
    private final ByteBuffer outgoing = ByteBuffer.allocateDirect(MAX_DATAGRAM_BYTES);
    private final ByteBuffer others = ByteBuffer.allocateDirect(MAX_DATAGRAM_BYTES);
    private final Queue<TransparentDatagram> overtaken = new ConcurrentLinkedQueue<>();

    private TransparentUdpSocket(UdpSocket socket, ReplySocket replies) {
        this.socket = socket;
        this.replies = replies;
    }

    /**
     * Opens a socket and binds it.
     *
     * @param namespace the namespace of the socket; must stay open while answers are sent
     * @param options options of this socket and of those that send answers, such as the proxy's mark; without a family it serves IPv4 and
     *     IPv6
     * @param local the address to bind to, usually the wildcard address and the port that the TPROXY rule names
     * @return the socket, to be closed by the caller
     * @throws java.net.BindException if the port is in use
     * @throws IOException if CAP_NET_ADMIN (or CAP_NET_RAW) is missing or the namespace can't be entered
     */
    public static TransparentUdpSocket bind(NetworkNamespace namespace, SocketOptions options, InetSocketAddress local) throws IOException {
        UdpSocket socket = UdpSocket.open(namespace, options.with(TRANSPARENT, true).with(RECEIVE_DESTINATION, true));
        try {
            socket.bind(local);
            return new TransparentUdpSocket(socket, new ReplySocket(namespace, options));
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Waits for a datagram. For one thread at a time.
     *
     * @param timeout how long to wait; zero waits indefinitely
     * @return the datagram
     * @throws java.net.SocketTimeoutException if none arrived in time
     * @throws IOException if the socket was closed
     */
    public TransparentDatagram receive(Duration timeout) throws IOException {
        long begin = System.nanoTime();
        for (;;) {
            synchronized (outgoing) {
                replies.tidy(others, this::overtaken);
            }
            TransparentDatagram earlier = overtaken.poll();
            if (earlier != null) {
                return earlier;
            }
            Duration left = timeout.isZero() ? LOOK : timeout.minusNanos(System.nanoTime() - begin);
            try {
                return datagram(socket.receive(room, left.compareTo(LOOK) < 0 ? positive(left) : LOOK), room);
            } catch (SocketTimeoutException e) {
                if (left.compareTo(LOOK) < 0) {
                    throw new SocketTimeoutException("no datagram arrived on " + socket + " within " + timeout.toMillis() + " ms");
                }
            }
        }
    }

    /** At least a millisecond: zero would wait indefinitely. */
    private static Duration positive(Duration time) {
        return time.compareTo(Duration.ofMillis(1)) < 0 ? Duration.ofMillis(1) : time;
    }

    private static TransparentDatagram datagram(UdpSocket.Arrival arrival, ByteBuffer data) throws IOException {
        InetSocketAddress destination = arrival.destination();
        if (destination == null) {
            throw new IOException("the kernel didn't report the original destination of a datagram from " + arrival.sender());
        }
        return new TransparentDatagram(new ClientAddress(arrival.sender()), new DestinationAddress(destination),
                copy(data, arrival.bytes()));
    }

    private static ByteBuffer copy(ByteBuffer data, int bytes) {
        return ByteBuffer.allocate(bytes).put(data.duplicate().limit(bytes)).flip().asReadOnlyBuffer();
    }

    /**
     * Sends an answer to the client, from the original destination. May be called from any thread; doesn't wait.
     *
     * @param request the datagram that is answered
     * @param answer the data from position to limit, at most 65507 bytes; the buffer isn't changed
     * @throws java.net.BindException if a socket of the namespace that doesn't share its port is bound to the destination's address
     * @throws java.net.PortUnreachableException if the client refused an earlier answer
     * @throws IOException if the answer can't be sent from there
     */
    public void reply(TransparentDatagram request, ByteBuffer answer) throws IOException {
        synchronized (outgoing) {
            outgoing.clear().put(answer.duplicate()).flip();
            replies.send(request.destination(), request.client(), outgoing, others, this::overtaken);
        }
    }

    private void overtaken(ClientAddress client, DestinationAddress destination, UdpSocket.Arrival arrival) {
        overtaken.add(new TransparentDatagram(client, destination, copy(others, arrival.bytes())));
    }

    /**
     * Returns the address to which the socket is bound.
     *
     * @return the address
     * @throws IOException if the socket is closed
     */
    public InetSocketAddress localAddress() throws IOException {
        return socket.localAddress();
    }

    /** Closes the socket, which ends a waiting {@link #receive}. Closing twice does nothing. */
    @Override
    public void close() {
        socket.close();
        synchronized (outgoing) {
            replies.close();
        }
    }
}
