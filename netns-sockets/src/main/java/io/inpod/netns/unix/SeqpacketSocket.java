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
 * Blocking; one thread may send while another receives. Closing it ends whatever waits.
 */
public final class SeqpacketSocket implements AutoCloseable {
    private final UnixConnection connection;

    SeqpacketSocket(UnixConnection connection) {
        this.connection = connection;
    }

    /**
     * Connects to a listener; waits while as many others wait there as it lets wait.
     *
     * @param path the listener's file
     * @return the connection, to be closed by the caller
     * @throws java.net.ConnectException if nobody listens there
     * @throws IOException if the path is too long for a unix socket, 107 bytes
     */
    public static SeqpacketSocket connect(Path path) throws IOException {
        return new SeqpacketSocket(UnixConnection.connect(Constants.SOCK_SEQPACKET, path));
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
        connection.send(message, descriptors);
    }

    /**
     * Waits for a message. Descriptors that come with it are close-on-exec.
     *
     * @param maxBytes room for the message, 1 to 2³⁰; it is taken before anything has come
     * @param maxDescriptors room for descriptors, 0 to 253
     * @param timeout how long to wait; zero waits for ever
     * @return the message, to be closed by the caller; null once the peer has closed the connection
     * @throws TruncatedMessageException if the message or its descriptors exceed the room, or this process may not have so many files
     *     open; all of it is gone, descriptors closed
     * @throws java.net.SocketTimeoutException if none came in time
     * @throws IOException if the connection failed or this socket was closed
     */
    public @Nullable UnixMessage receive(int maxBytes, int maxDescriptors, Duration timeout) throws IOException {
        return connection.receive(maxBytes, maxDescriptors, timeout);
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
