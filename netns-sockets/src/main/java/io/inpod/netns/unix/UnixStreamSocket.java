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
 * A connected unix socket that carries a stream of bytes and file descriptors between them: SOCK_STREAM with SCM_RIGHTS, see
 * unix(7). Blocking; one thread may send while another receives. Closing it ends whatever waits.
 */
public final class UnixStreamSocket implements AutoCloseable {
    private final UnixConnection connection;

    UnixStreamSocket(UnixConnection connection) {
        this.connection = connection;
    }

    /**
     * Connects to a listener; waits while as many others wait there as it lets wait.
     *
     * @param path the listener's file
     * @return the connection, to be closed by the caller
     * @throws SystemCallException if nobody listens there or the file may not be written
     * @throws IOException if the path is too long for a unix socket, 107 bytes
     */
    public static UnixStreamSocket connect(Path path) throws IOException {
        return new UnixStreamSocket(UnixConnection.connect(Constants.SOCK_STREAM, path));
    }

    /**
     * Sends bytes, all of them; waits while the peer doesn't read.
     *
     * @param bytes from position to limit, at least 1: descriptors travel with the first of them
     * @param descriptors sent along, at most 253; still owned by the caller, who may close them as soon as this returns
     * @throws SystemCallException if the peer is gone (EPIPE); it may have got a part then
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
     * Waits for bytes. Descriptors come with the first of the bytes they were sent with, never with bytes of another
     * {@link #send}, and are close-on-exec.
     *
     * @param maxBytes room for bytes, 1 to 2³⁰; it is taken before anything has come
     * @param maxDescriptors room for descriptors, 0 to 253
     * @param timeout how long to wait; zero waits for ever
     * @return what has come, at least 1 byte, to be closed by the caller; null once the peer has closed the connection
     * @throws TruncatedMessageException if descriptors exceed the room, or this process may not have so many files open; they are
     *     closed and, as a piece of the stream is gone, so is this socket
     * @throws java.net.SocketTimeoutException if none came in time
     * @throws IOException if the connection failed or this socket was closed
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
     * Asks who is at the other end.
     *
     * @return the peer's process, user and group when the connection was made
     * @throws IOException if this socket is closed
     */
    public PeerCredentials peer() throws IOException {
        return connection.peer();
    }

    /** Ends the connection and whatever waits on it. Closing twice does nothing. */
    @Override
    public void close() {
        connection.close();
    }

    @Override
    public String toString() {
        return connection.toString();
    }
}
