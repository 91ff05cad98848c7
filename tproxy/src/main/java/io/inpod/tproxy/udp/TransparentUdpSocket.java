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
 * Receives the datagrams that TPROXY diverts to a port, each with the destination that its client wanted, and answers from that
 * destination. Blocking; see {@link TransparentDatagramChannel} for event loops.
 *
 * <p>REDIRECT won't do for UDP: the destination of a redirected datagram can't be asked for. See the kernel's
 * Documentation/networking/tproxy.rst, and IP_RECVORIGDSTADDR in ip(7).
 *
 * <p>A destination whose port is the listener's own can't be answered, and must not be followed: the datagram would come back. So
 * listen on a port that nobody else uses. One thread may receive while others answer.
 */
public final class TransparentUdpSocket implements AutoCloseable {
    private static final int MAX_DATAGRAM_BYTES = 65535;

    /** How often a waiting receiver looks for what other threads' answers have brought. */
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
     * Listens.
     *
     * @param namespace where; must stay open as long as answers are sent
     * @param options of the socket and of those that answers are sent from, such as the proxy's mark; without a family it serves IPv4
     *     and IPv6
     * @param local where to, usually any address and the port that the TPROXY rule names
     * @return the socket, to be closed by the caller
     * @throws java.net.BindException if the port is taken
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
     * @param timeout how long to wait; zero waits for ever
     * @return the datagram
     * @throws java.net.SocketTimeoutException if none came in time
     * @throws IOException if the socket was closed
     */
    public TransparentDatagram receive(Duration timeout) throws IOException {
        long begin = System.nanoTime();
        for (; ; ) {
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
                    throw new SocketTimeoutException("no datagram came on " + socket + " within " + timeout.toMillis() + " ms");
                }
            }
        }
    }

    /** Zero would wait for ever. */
    private static Duration positive(Duration time) {
        return time.compareTo(Duration.ofMillis(1)) < 0 ? Duration.ofMillis(1) : time;
    }

    private static TransparentDatagram datagram(UdpSocket.Arrival arrival, ByteBuffer data) throws IOException {
        InetSocketAddress destination = arrival.destination();
        if (destination == null) {
            throw new IOException("the kernel didn't say where a datagram from " + arrival.sender() + " was sent to");
        }
        return new TransparentDatagram(new ClientAddress(arrival.sender()), new DestinationAddress(destination), copy(data, arrival.bytes()));
    }

    private static ByteBuffer copy(ByteBuffer data, int bytes) {
        return ByteBuffer.allocate(bytes).put(data.duplicate().limit(bytes)).flip().asReadOnlyBuffer();
    }

    /**
     * Sends an answer to the client, from the destination that it wanted. May be called from any thread; doesn't wait.
     *
     * @param request what is answered
     * @param answer from position to limit, at most 65507 bytes; not changed
     * @throws java.net.BindException if a socket of the namespace that doesn't share its port has the destination's address
     * @throws java.net.PortUnreachableException if the client has refused an earlier answer
     * @throws IOException if it can't be sent from here
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
     * The address that the socket is bound to.
     *
     * @return it
     * @throws IOException if the socket is closed
     */
    public InetSocketAddress localAddress() throws IOException {
        return socket.localAddress();
    }

    /** Closes the socket and ends whatever waits on it. Closing twice does nothing. */
    @Override
    public void close() {
        socket.close();
        synchronized (outgoing) {
            replies.close();
        }
    }
}
