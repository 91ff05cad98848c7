package io.inpod.netns;

import io.inpod.netns.internal.Constants;
import io.inpod.netns.internal.MessageHeader;
import io.inpod.netns.internal.Native;
import io.inpod.netns.internal.Poll;
import io.inpod.netns.internal.UnixAddress;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A connected unix socket that keeps message boundaries and carries file descriptors: SOCK_SEQPACKET with SCM_RIGHTS, see unix(7).
 * Blocking; one thread may send while another receives. Closing it ends whatever waits.
 */
public final class SeqpacketSocket implements AutoCloseable {
    private static final int EINTR = 4;
    private static final int MAX_DESCRIPTORS = 253; // SCM_MAX_FD

    private final OwnedFd fd;
    private final Path path;

    SeqpacketSocket(OwnedFd fd, Path path) {
        this.fd = fd;
        this.path = path;
    }

    /**
     * Connects to a listener.
     *
     * @param path the listener's file
     * @return the connection, to be closed by the caller
     * @throws java.net.ConnectException if nobody listens there
     * @throws IOException if the path is too long for a unix socket, 107 bytes
     */
    public static SeqpacketSocket connect(Path path) throws IOException {
        ByteBuffer address = UnixAddress.of(path);
        OwnedFd fd = SeqpacketListener.socket(path);
        int number = fd.acquire();
        try {
            Native.check(Native.LIBC.connect(number, address, UnixAddress.BYTES), "connect", path);
            return new SeqpacketSocket(fd, path);
        } catch (IOException e) {
            fd.close();
            throw e;
        } finally {
            fd.release();
        }
    }

    /**
     * Sends one message.
     *
     * @param message from position to limit, at least 1 byte: an empty one would look like the end of the connection
     * @param descriptors sent along, at most 253; still owned by the caller, who may close them as soon as this returns
     * @throws java.net.SocketException if the peer is gone (EPIPE) or the message is too large for the socket's buffer (EMSGSIZE)
     * @throws IOException if this socket is closed
     */
    public void send(ByteBuffer message, OwnedFd... descriptors) throws IOException {
        if (!message.hasRemaining()) {
            throw new IllegalArgumentException("an empty message would look like the end of the connection");
        }
        if (descriptors.length > MAX_DESCRIPTORS) {
            throw new IllegalArgumentException("at most " + MAX_DESCRIPTORS + " descriptors, not " + descriptors.length);
        }
        ByteBuffer direct = Native.buffer(message.remaining()).put(message.duplicate()).flip();
        MessageHeader header = new MessageHeader(direct, descriptors.length);
        int number = fd.acquire();
        int acquired = 0;
        try {
            int[] numbers = new int[descriptors.length];
            for (; acquired < numbers.length; acquired++) {
                numbers[acquired] = descriptors[acquired].acquire();
            }
            if (numbers.length > 0) {
                header.descriptors(numbers);
            }
            long sent;
            do {
                sent = Native.LIBC.sendmsg(number, header.memory(), Constants.MSG_NOSIGNAL);
            } while (sent < 0 && Native.errno() == EINTR);
            Native.check((int) sent, "sendmsg", this);
        } finally {
            for (int i = 0; i < acquired; i++) {
                descriptors[i].release();
            }
            fd.release();
            Reference.reachabilityFence(header);
        }
    }

    /**
     * Waits for a message. Descriptors that come with it are close-on-exec.
     *
     * @param maxBytes room for the message
     * @param maxDescriptors room for descriptors, 0 to 253
     * @param timeout how long to wait; zero waits for ever
     * @return the message, to be closed by the caller; null once the peer has closed the connection
     * @throws TruncatedPacketException if the message or its descriptors exceed the room; all of it is gone, descriptors closed
     * @throws java.net.SocketTimeoutException if none came in time
     * @throws IOException if the connection failed or this socket was closed
     */
    public @Nullable Packet receive(int maxBytes, int maxDescriptors, Duration timeout) throws IOException {
        ByteBuffer data = Native.buffer(maxBytes);
        MessageHeader header = new MessageHeader(data, maxDescriptors);
        int number = fd.acquire();
        long received;
        try {
            do {
                Poll.readable(number, timeout, this);
                received = Native.LIBC.recvmsg(number, header.memory(), Constants.MSG_CMSG_CLOEXEC);
            } while (received < 0 && Native.errno() == EINTR);
            Native.check((int) received, "recvmsg", this);
            if (fd.isClosed()) {
                header.received().forEach(OwnedFd::close);
                throw new java.nio.channels.AsynchronousCloseException();
            }
        } finally {
            fd.release();
            Reference.reachabilityFence(header);
        }
        List<OwnedFd> descriptors = header.received();
        if ((header.flags() & (Constants.MSG_TRUNC | Constants.MSG_CTRUNC)) != 0) {
            descriptors.forEach(OwnedFd::close);
            throw new TruncatedPacketException((header.flags() & Constants.MSG_TRUNC) != 0
                    ? "a message on " + this + " is longer than " + maxBytes + " bytes"
                    : "a message on " + this + " came with more than " + maxDescriptors + " file descriptors");
        }
        if (received == 0 && descriptors.isEmpty()) {
            return null;
        }
        return new Packet(data.limit((int) received), descriptors);
    }

    /**
     * Asks who is at the other end.
     *
     * @return the peer's process, user and group when the connection was made
     * @throws IOException if this socket is closed
     */
    public PeerCredentials peer() throws IOException {
        ByteBuffer value = Native.buffer(12);
        int number = fd.acquire();
        try {
            Native.check(Native.LIBC.getsockopt(number, Constants.SOL_SOCKET, Constants.SO_PEERCRED, value, Native.buffer(4).putInt(0, 12)),
                    "getsockopt(SO_PEERCRED)", this);
        } finally {
            fd.release();
        }
        return new PeerCredentials(value.getInt(0), value.getInt(4), value.getInt(8));
    }

    /** Ends the connection and whatever waits on it. Closing twice does nothing. */
    @Override
    public void close() {
        try {
            int number = fd.acquire();
            fd.close();
            Native.LIBC.shutdown(number, Constants.SHUT_RDWR); // wakes a thread that waits in poll
            fd.release();
        } catch (java.nio.channels.ClosedChannelException e) {
            // closed before
        }
    }

    @Override
    public String toString() {
        return "unix socket " + path;
    }
}
