package io.inpod.netns.unix;

import io.inpod.netns.OwnedFd;
import io.inpod.netns.error.SystemCallException;
import io.inpod.netns.internal.Constants;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A connected unix socket that carries a stream of bytes, and file descriptors at positions in it: SOCK_STREAM with SCM_RIGHTS, see
 * unix(7). Blocking; one thread may send while another receives. Closing it ends all waiting calls.
 */
public final class UnixStreamSocket implements AutoCloseable {
    private final UnixConnection connection;

    UnixStreamSocket(UnixConnection connection) {
        this.connection = connection;
    }

    /**
     * Connects to a listener. Waits while the listener's queue is full.
     *
     * @param path the listener's file; or {@code @} and the name of an abstract address in the calling thread's network namespace
     * @return the connection, to be closed by the caller
     * @throws SystemCallException if nothing listens there or the file may not be written
     * @throws IOException if the path or name is too long for a unix socket, 107 bytes
     */
    public static UnixStreamSocket connect(Path path) throws IOException {
        return new UnixStreamSocket(UnixConnection.connect(Constants.SOCK_STREAM, path, Duration.ZERO));
    }

    /**
     * Sends all bytes. Waits while the peer doesn't read.
     *
     * @param bytes the bytes from position to limit, at least 1: descriptors travel with the first one
     * @param descriptors descriptors to send with them, at most 253; still owned by the caller, which may close them once this returns
     * @throws SystemCallException if the peer is gone (EPIPE); it may have received a part
     * @throws IOException if this socket is closed
     */
    public void send(ByteBuffer bytes, OwnedFd... descriptors) throws IOException {
        ByteBuffer rest = bytes.duplicate();
        rest.position(rest.position() + connection.send(rest, descriptors));
        while (rest.hasRemaining()) {
            rest.position(rest.position() + connection.send(rest));
        }
    }

    /**
     * Waits for bytes. Descriptors arrive with the first of the bytes that they were sent with, never with bytes of another
     * {@link #send}, and are close-on-exec.
     *
     * @param maxBytes the most bytes to receive, 1 to 2³⁰; the memory is allocated before anything arrives
     * @param maxDescriptors the most descriptors to receive, 0 to 253
     * @param timeout how long to wait; zero waits indefinitely
     * @return what has arrived, at least 1 byte, to be closed by the caller; null once the peer has closed the connection
     * @throws TruncatedMessageException if there are too many descriptors, or this process may not have that many files open; they are
     *     closed and, because a part of the stream is lost, so is this socket
     * @throws java.net.SocketTimeoutException if none arrived in time
     * @throws IOException if the connection fails or this socket is closed
     */
    public @Nullable UnixMessage receive(int maxBytes, int maxDescriptors, Duration timeout) throws IOException {
        try {
            return connection.receive(maxBytes, maxDescriptors, timeout);
        } catch (TruncatedMessageException e) {
            close();
            throw e;
        }
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
