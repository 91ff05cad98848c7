package io.inpod.netns.unix;

import io.inpod.netns.OwnedFd;
import io.inpod.netns.internal.Constants;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A connected unix socket that keeps message boundaries and carries file descriptors: SOCK_SEQPACKET with SCM_RIGHTS, see unix(7).
 * Blocking; one thread may send while another receives. Closing it ends all waiting calls.
 */
public final class SeqpacketSocket implements AutoCloseable {
    private final UnixConnection connection;

    SeqpacketSocket(UnixConnection connection) {
        this.connection = connection;
    }

    /**
     * Connects to a listener. Waits while the listener's queue is full.
     *
     * @param path the listener's file; or {@code @} and the name of an abstract address in the calling thread's network namespace
     * @return the connection, to be closed by the caller
     * @throws java.net.ConnectException if nothing listens there
     * @throws IOException if the path or name is too long for a unix socket, 107 bytes
     */
    public static SeqpacketSocket connect(Path path) throws IOException {
        return connect(path, Duration.ZERO);
    }

    /**
     * Connects to a listener. Waits while the listener's queue is full, but not longer than the timeout, which also limits each
     * {@link #send}.
     *
     * @param path the listener's file; or {@code @} and the name of an abstract address in the calling thread's network namespace
     * @param timeout how long to wait, at least 1 µs; zero waits indefinitely
     * @return the connection, to be closed by the caller
     * @throws java.net.SocketTimeoutException if the queue is still full then
     * @throws java.net.ConnectException if nothing listens there
     * @throws IOException if the path or name is too long for a unix socket, 107 bytes
     */
    public static SeqpacketSocket connect(Path path, Duration timeout) throws IOException {
        return new SeqpacketSocket(UnixConnection.connect(Constants.SOCK_SEQPACKET, path, timeout));
    }

    /**
     * Sends one message.
     *
     * @param message the bytes from position to limit, at least 1: an empty message would look like the end of the connection
     * @param descriptors descriptors to send with it, at most 253; still owned by the caller, which may close them once this returns
     * @throws java.net.SocketException if the peer is gone (EPIPE) or the message is too large for the socket's buffer (EMSGSIZE)
     * @throws IOException if this socket is closed
     */
    public void send(ByteBuffer message, OwnedFd... descriptors) throws IOException {
        connection.send(message, descriptors);
    }

    /**
     * Waits for a message. Descriptors that come with it are close-on-exec.
     *
     * @param maxBytes the longest message to receive, in bytes, 1 to 2³⁰; the memory is allocated before a message arrives
     * @param maxDescriptors the most descriptors to receive, 0 to 253
     * @param timeout how long to wait; zero waits indefinitely
     * @return the message, to be closed by the caller; null once the peer has closed the connection
     * @throws TruncatedMessageException if the message or its descriptors exceed these limits, or this process may not have that many files
     *     open; the message is lost and its descriptors are closed
     * @throws java.net.SocketTimeoutException if none arrived in time
     * @throws IOException if the connection fails or this socket is closed
     */
    public @Nullable UnixMessage receive(int maxBytes, int maxDescriptors, Duration timeout) throws IOException {
        return connection.receive(maxBytes, maxDescriptors, timeout);
    }

    /**
     * Returns the identity of the peer.
     *
     * @return the peer's process, user and group at the time of the connection
     * @throws IOException if this socket is closed
     */
    public PeerCredentials peer() throws IOException {
        return connection.peer();
    }

    /** Closes the connection and ends all waiting calls. Closing twice does nothing. */
    @Override
    public void close() {
        connection.close();
    }

    @Override
    public String toString() {
        return connection.toString();
    }
}
